"""What compute costs on this device: measured, kept, and bound to the model and machine it was measured with."""
