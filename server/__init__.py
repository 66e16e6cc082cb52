"""The edge of Vitrine: HTTP and WebSocket in, messages out."""
