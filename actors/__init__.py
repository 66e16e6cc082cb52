"""The domains of Vitrine, their kernel and their adapters to the outside world. Nothing here knows HTTP."""
