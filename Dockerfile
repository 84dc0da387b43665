# Everything that a run needs but data and models, from the same lock as .venv:
#   docker build -t lingualift --build-arg COMMIT="$(git rev-parse HEAD)" .      # processors
#   docker build -t lingualift:gpu --build-arg COMMIT=... --build-arg FAISS=gpu .  # GPUs: PyPI's torch carries CUDA, the host brings its driver
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" lingualift --cores all results/tables/mmwp.csv
FROM python:3.11-slim-bookworm
ARG FAISS=cpu
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/lingualift
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN sed "s/^faiss-cpu==/faiss-$FAISS==/" requirements.lock > /tmp/requirements.txt \
 && python -m pip install --no-cache-dir -r /tmp/requirements.txt
COPY src src
RUN python -m pip install --no-cache-dir --no-deps .
ARG COMMIT=unknown
# A home and a name for whichever user the container is run as.
ENV LINGUALIFT_COMMIT=$COMMIT HOME=/tmp USER=lingualift OMP_WAIT_POLICY=PASSIVE PYTHONUNBUFFERED=1
WORKDIR /work
ENTRYPOINT ["snakemake"]
