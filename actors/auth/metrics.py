"""What operators see of signing in."""

from prometheus_client import Counter, Gauge, Histogram

sign_ins_total = Counter("vitrine_sign_ins_total", "Attempts to sign in", ["outcome"])
restored_total = Counter(
    "vitrine_web_sessions_restored_total", "Web sessions that went on although Redis had lost or outlived their token"
)
reused_total = Counter("vitrine_refresh_tokens_reused_total", "Sessions ended because a spent refresh token came back")
password_seconds = Histogram(
    "vitrine_password_seconds",
    "Computing time of one password hash",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
)
passwords_waiting = Gauge("vitrine_passwords_waiting", "Passwords that wait for their hash or are being hashed")
passwords_refused_total = Counter("vitrine_passwords_refused_total", "Passwords not hashed because too many waited")
