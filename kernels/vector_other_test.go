//go:build noasm || !amd64

package kernels

func vectorVariants() map[string]*vectorOps {
	return map[string]*vectorOps{"scalar": &vectorScalar}
}
