# Two stages: the first may compile, the last only runs. The lock file's hashes hold in both.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-dev.lock ./
# The build backend comes from the development lock, so that it is hashed too; nothing of it reaches the last stage.
RUN python -m venv /build \
    && /build/bin/pip install --require-hashes -r requirements-dev.lock \
    && python -m venv /opt/heteroscale \
    && /opt/heteroscale/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE README.md ./
COPY disaggregated_service/ disaggregated_service/
COPY scaler/ scaler/
COPY prescheduler/ prescheduler/
COPY placement_webhook/ placement_webhook/
COPY heteroscale/ heteroscale/
# Byte code is compiled here: the file system that runs it may be read-only.
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/heteroscale/bin/pip install --no-deps /wheels/heteroscale-*.whl \
    && /opt/heteroscale/bin/pip uninstall --yes pip \
    && /opt/heteroscale/bin/python -m compileall -q /opt/heteroscale/lib

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="heteroscale" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/heteroscale/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=builder /opt/heteroscale /opt/heteroscale
# The only place that is written to. Numeric, so that runAsNonRoot can tell that it is not root.
RUN install -d -o 65532 -g 65532 -m 0750 /var/lib/heteroscale
WORKDIR /var/lib/heteroscale
VOLUME ["/var/lib/heteroscale"]
USER 65532:65532
ENTRYPOINT ["heteroscale"]
CMD ["serve"]
