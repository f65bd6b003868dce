"""What happens in conversations, told at once to the devices that are connected here."""
