package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/medner/medner/internal/mmap"
)

// Hash returns the SHA-256, in hexadecimal, of what r delivers, which may be
// mapped memory. It returns ctx's error soon after ctx ends.
func Hash(ctx context.Context, r io.Reader) (string, error) {
	h := sha256.New()
	buffer := make([]byte, 1<<20)
	err := mmap.Guard(func() error {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := r.Read(buffer)
			h.Write(buffer[:n])
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// HashFile returns the SHA-256 of a regular file, in hexadecimal.
func HashFile(ctx context.Context, path string) (string, error) {
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	return Hash(ctx, f)
}
