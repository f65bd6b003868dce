"""What Meta's platforms share: how they prove themselves, their errors, the Graph API. No connector of its own."""
