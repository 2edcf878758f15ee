package gpukernels

//go:generate sh -c "go run ../../kinds/cuh > src/kinds.cuh"
