"""The provider's side of the points and benefits service, as a company would build it on `opsdesk_partner`."""
