"""What is written of an evaluation: results.json, tables, text, figures."""
