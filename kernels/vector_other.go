//go:build noasm || !amd64

package kernels

func vec() *vectorOps { return &vectorScalar }
