"""What is read out of a text by a model: its language, its tone. Never certain, so never stated."""
