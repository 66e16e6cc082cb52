# One image for every process: `vitrine serve`, `vitrine worker`, `vitrine scheduler`, `vitrine migrate`.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /vitrine
COPY requirements.lock .
RUN pip install --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE piccolo_conf.py ./
COPY actors actors
COPY server server
COPY piccolo_migrations piccolo_migrations
RUN pip install --no-deps --no-build-isolation -e . \
    && useradd --system --no-create-home vitrine
USER vitrine

ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=2)"]
CMD ["vitrine", "serve"]
