package modelstore

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/medner/medner/badinput"
)

// sumsFile lists the hashes of a directory's files in the format of sha256sum.
const sumsFile = "SHA256SUMS"

// writeSums writes dir's sumsFile, for the files that it holds.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, entry := range entries {
		sum, err := hashFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, entry.Name())
	}
	return writeFile(filepath.Join(dir, sumsFile), []byte(text.String()))
}

// checkSums compares dir's files with its sumsFile.
func checkSums(dir string) error {
	path := filepath.Join(dir, sumsFile)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !filepath.IsLocal(name) {
			return badinput.New(path, "", fmt.Sprintf("%q", lines.Text()), "a hash, two spaces and a file's name")
		}
		sum, err := hashFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if sum != want {
			return badinput.New(filepath.Join(dir, name), "sha256", sum, want)
		}
	}
	return lines.Err()
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
