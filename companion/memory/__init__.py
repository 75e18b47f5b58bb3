"""The encrypted memory."""
