//go:build !(gpu && linux && (amd64 || arm64))

package purego

import (
	"fmt"

	"github.com/medner/medner/internal/cuda"
)

// Open answers [cuda.ErrNotBuilt].
func Open() (cuda.Driver, error) {
	return nil, fmt.Errorf("%w: build it with -tags gpu, on Linux", cuda.ErrNotBuilt)
}
