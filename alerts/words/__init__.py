"""Digests in words: templates, sentences, languages, and what strangers wrote made harmless."""
