"""The bundled model `abacus`: weights, tokenizer and card; data only."""
