"""What is stored: tables, conditional writes and transactions, and what is due later."""
