"""How the bundled model `abacus` is made: text, tokenizer, training, export, judging."""
