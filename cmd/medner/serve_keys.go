package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/medner/medner/badinput"
	"github.com/medner/medner/internal/files"
	"github.com/medner/medner/server"
)

// Bounds of a file of keys.
const (
	mostKeyBytes = 1 << 20
	shortKey     = 16 // characters; a shorter key is warned of
)

// readKeys returns the keys that clients may show: those of the file, unless path is
// "", and that of the environment. A file that others may write is refused; one that
// others may read is warned of.
func readKeys(path string, log *slog.Logger) ([]server.Key, error) {
	var keys []server.Key
	if secret := strings.TrimSpace(os.Getenv(keyVariable)); secret != "" {
		if !isSecret(secret) {
			return nil, usagef("%s: expected a key of printable ASCII without spaces", keyVariable)
		}
		keys = append(keys, server.Key{Name: "environment", Secret: secret})
	}
	if path != "" {
		data, err := files.Read(path, mostKeyBytes, "a file of keys")
		if err != nil {
			return nil, err
		}
		if err := checkKeyMode(path, log); err != nil {
			return nil, err
		}
		found, err := parseKeys(path, data)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	for _, k := range keys {
		if len(k.Secret) < shortKey {
			log.Warn("a key is short enough to be guessed", "key", k.Name, "characters", len(k.Secret), "expected", shortKey)
		}
	}
	return keys, nil
}

func checkKeyMode(path string, log *slog.Logger) error {
	info, err := files.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	const othersWrite, othersRead fs.FileMode = 0o002, 0o004
	if info.Mode()&othersWrite != 0 {
		return badinput.New(path, "mode", fmt.Sprintf("%04o, with which anybody may write a key into it", info.Mode().Perm()), "a file that only its owner may write (chmod 600)")
	}
	if info.Mode()&othersRead != 0 {
		log.Warn("the file of keys may be read by every user of this machine", "file", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	return nil
}

// parseKeys reads a file of keys: a line has a key, or a name and a key. Empty lines
// and those that begin with # don't count. A key without a name is named by its line.
func parseKeys(path string, data []byte) ([]server.Key, error) {
	var keys []server.Key
	names, secrets := map[string]int{}, map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, mostKeyBytes)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := fmt.Sprintf("line %d", n)
		fields := strings.Fields(line)
		key := server.Key{Name: fmt.Sprintf("line-%d", n), Secret: fields[len(fields)-1]}
		if len(fields) == 2 {
			key.Name = fields[0]
		}
		switch {
		case len(fields) > 2:
			return nil, badinput.New(path, at, fmt.Sprintf("%d words", len(fields)), "a key, or a name and a key")
		case !isSecret(key.Secret), !isSecret(key.Name), len(key.Name) > 64:
			return nil, badinput.New(path, at, "other characters, or a name of more than 64", "printable ASCII")
		case names[key.Name] > 0:
			return nil, badinput.New(path, at, fmt.Sprintf("the name of line %d again", names[key.Name]), "a name for each key")
		case secrets[key.Secret] > 0:
			return nil, badinput.New(path, at, fmt.Sprintf("the key of line %d again", secrets[key.Secret]), "each key once")
		}
		names[key.Name], secrets[key.Secret] = n, n
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, badinput.Wrap(path, "", err)
	}
	if len(keys) == 0 {
		return nil, badinput.New(path, "", "no key", "at least one")
	}
	return keys, nil
}

// isSecret reports whether a key can stand in a header.
func isSecret(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return s != ""
}
