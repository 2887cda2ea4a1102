"""Names as the eye reads them, and whose they resemble."""
