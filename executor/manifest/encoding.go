package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Encode returns the canonical bytes: lines of text, each of them ended by one newline:
//
//	theta.result/1
//	profile wasm/1
//	reason exited
//	exit 0
//	file SIZE SHA256HEX PATH
//
// There is one file line per output, in the byte order of the paths. Numbers are decimal
// without leading zeros. Encode fails with ErrInvalid.
func (m Manifest) Encode() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	m = m.Sorted()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nprofile %s\nreason %s\nexit %d\n", Version, m.Profile, m.Reason, m.ExitCode)
	for _, f := range m.Files {
		fmt.Fprintf(&b, "file %d %x %s\n", f.Size, f.SHA256, f.Path)
	}
	if b.Len() > MaxEncodedBytes {
		return nil, fmt.Errorf("%w: %d bytes encoded, at most %d are allowed", ErrInvalid, b.Len(), MaxEncodedBytes)
	}
	return b.Bytes(), nil
}

// Digest returns the SHA-256 of the canonical bytes. This is the result digest to which nodes
// commit. Digest fails with ErrInvalid.
func (m Manifest) Digest() ([sha256.Size]byte, error) {
	encoded, err := m.Encode()
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return sha256.Sum256(encoded), nil
}

// Decode reads canonical bytes. It refuses anything that Encode would not have written, with
// ErrInvalid, so that each manifest has exactly one encoding.
func Decode(encoded []byte) (Manifest, error) {
	if len(encoded) > MaxEncodedBytes {
		return Manifest{}, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrInvalid, len(encoded), MaxEncodedBytes)
	}
	lines := strings.Split(string(encoded), "\n")
	if len(lines) < 5 || lines[len(lines)-1] != "" {
		return Manifest{}, fmt.Errorf("%w: expected four header lines and a final newline", ErrInvalid)
	}
	if lines[0] != Version {
		return Manifest{}, fmt.Errorf("%w: expected version %q, found %q", ErrInvalid, Version, clip(lines[0]))
	}
	m, err := decodeHeader(lines[1:4])
	if err != nil {
		return Manifest{}, err
	}
	for _, line := range lines[4 : len(lines)-1] {
		if len(m.Files) == MaxFiles {
			return Manifest{}, fmt.Errorf("%w: more than %d files", ErrInvalid, MaxFiles)
		}
		f, err := decodeFile(line)
		if err != nil {
			return Manifest{}, err
		}
		m.Files = append(m.Files, f)
	}
	again, err := m.Encode()
	if err != nil {
		return Manifest{}, err
	}
	if !bytes.Equal(again, encoded) {
		return Manifest{}, fmt.Errorf("%w: not in canonical form, expected sorted paths and plain decimal numbers", ErrInvalid)
	}
	return m, nil
}

func decodeHeader(lines []string) (Manifest, error) {
	profile, ok := strings.CutPrefix(lines[0], "profile ")
	if !ok {
		return Manifest{}, fmt.Errorf("%w: expected a profile line, found %q", ErrInvalid, clip(lines[0]))
	}
	reason, ok := strings.CutPrefix(lines[1], "reason ")
	if !ok {
		return Manifest{}, fmt.Errorf("%w: expected a reason line, found %q", ErrInvalid, clip(lines[1]))
	}
	exit, ok := strings.CutPrefix(lines[2], "exit ")
	if !ok {
		return Manifest{}, fmt.Errorf("%w: expected an exit line, found %q", ErrInvalid, clip(lines[2]))
	}
	code, err := strconv.ParseInt(exit, 10, 32)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: exit code %q is no 32-bit number", ErrInvalid, clip(exit))
	}
	return Manifest{Profile: profile, Reason: Reason(reason), ExitCode: int32(code)}, nil
}

func decodeFile(line string) (File, error) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 || fields[0] != "file" {
		return File{}, fmt.Errorf("%w: expected a file line, found %q", ErrInvalid, clip(line))
	}
	size, err := strconv.ParseUint(fields[1], 10, 63)
	if err != nil {
		return File{}, fmt.Errorf("%w: size %q is no 63-bit number", ErrInvalid, clip(fields[1]))
	}
	f := File{Path: fields[3], Size: size}
	digest, err := hex.DecodeString(fields[2])
	if err != nil || len(digest) != len(f.SHA256) {
		return File{}, fmt.Errorf("%w: %q is no SHA-256 in hex", ErrInvalid, clip(fields[2]))
	}
	copy(f.SHA256[:], digest)
	return f, nil
}

// clip shortens a line, so that hostile lines cannot fill a log.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
