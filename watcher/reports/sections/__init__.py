"""The sections of a report, each in the module of its question: facts in, sentences out."""
