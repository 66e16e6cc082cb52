"""Load on a real Vitrine, from processes of its own: `python -m load --help`.

`stack` starts durable servers and the application, `conditions` refuses to measure anything less, `scenarios` drive,
`report` draws. `client` is the reference client for people who write one.
"""
