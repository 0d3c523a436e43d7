"""From the model's state to a difficulty."""
