"""What was said of brands in a period, as a page that people read and as tables."""
