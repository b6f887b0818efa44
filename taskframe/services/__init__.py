"""The services: what each says on the wire, and no I/O."""
