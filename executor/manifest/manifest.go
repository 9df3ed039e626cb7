// Package manifest defines the canonical result manifest. Edge nodes agree on the SHA-256
// digest of its bytes.
//
// A manifest contains only what every honest machine must reproduce: the profile, how the
// program ended, and path, size and digest of each output. Fuel, wall time, memory and energy
// are reported in addition to the manifest and are never part of it.
package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

const (
	// Version is the first line of every encoded manifest.
	Version = "theta.result/1"

	// MaxFiles is the most outputs a manifest can list.
	MaxFiles = 16384
	// MaxPathBytes is the longest output path, in bytes of UTF-8.
	MaxPathBytes = 1024
	// MaxProfileBytes is the longest profile name, in bytes.
	MaxProfileBytes = 64
	// MaxEncodedBytes bounds what Decode reads.
	MaxEncodedBytes = 24 << 20
)

// ErrInvalid wraps every error of Encode and Decode.
var ErrInvalid = errors.New("invalid result manifest")

// Reason says how a program ended.
type Reason string

// These are the reasons that a result can have. Each of them is an outcome that every honest
// machine reaches for the same task, so each may be paid and verified.
const (
	// ReasonExited means that the program ended by itself. ExitCode is its exit code.
	ReasonExited Reason = "exited"
	// ReasonTrapped means that the program did something undefined, such as a trap or a stack
	// overflow.
	ReasonTrapped Reason = "trapped"
	// ReasonOutOfFuel means that the program used up the fuel of the task.
	ReasonOutOfFuel Reason = "out_of_fuel"
	// ReasonOutOfMemory means that the program asked for more memory than the task allows.
	ReasonOutOfMemory Reason = "out_of_memory"
	// ReasonOutputTooBig means that the outputs exceeded the task's limit of bytes or files.
	ReasonOutputTooBig Reason = "output_too_big"
	// ReasonInvalidProgram means that the program cannot run under its profile at all.
	ReasonInvalidProgram Reason = "invalid_program"
)

// NoExitCode is the exit code of every result whose reason is not ReasonExited.
const NoExitCode int32 = -1

// ChainExitCode returns the exit code in the form that the chain uses in commitments, reveals
// and receipts: the same 32 bits without a sign, so that NoExitCode is 4294967295. A program
// may also exit with that code itself; the reason distinguishes the two cases.
func (m Manifest) ChainExitCode() uint32 { return uint32(m.ExitCode) }

// Valid reports whether r is one of the named reasons.
func (r Reason) Valid() bool {
	switch r {
	case ReasonExited, ReasonTrapped, ReasonOutOfFuel, ReasonOutOfMemory,
		ReasonOutputTooBig, ReasonInvalidProgram:
		return true
	default:
		return false
	}
}

// File is one output of a program.
type File struct {
	// Path is relative and slash-separated, such as "images/0001.png". The
	// captured streams are the files "stdout" and "stderr".
	Path string
	// Size is the size in bytes.
	Size uint64
	// SHA256 is the digest of the content.
	SHA256 [sha256.Size]byte
}

// Manifest contains what honest machines agree on.
type Manifest struct {
	// Profile is the versioned executor profile, such as "wasm/1".
	Profile string
	// Reason says how the program ended.
	Reason Reason
	// ExitCode is the program's own exit code if Reason is exited, and NoExitCode otherwise.
	ExitCode int32
	// Files are the outputs. Encode sorts them by the bytes of their paths.
	Files []File
}

// Validate returns an error that wraps ErrInvalid and names the first rule that the manifest
// breaks. The order of Files does not matter. A path that occurs twice is an error.
func (m Manifest) Validate() error {
	if err := validateProfile(m.Profile); err != nil {
		return err
	}
	if !m.Reason.Valid() {
		return fmt.Errorf("%w: unknown reason %q", ErrInvalid, m.Reason)
	}
	if m.Reason != ReasonExited && m.ExitCode != NoExitCode {
		return fmt.Errorf("%w: reason %q wants exit code %d, found %d", ErrInvalid, m.Reason, NoExitCode, m.ExitCode)
	}
	if len(m.Files) > MaxFiles {
		return fmt.Errorf("%w: at most %d files are allowed, found %d", ErrInvalid, MaxFiles, len(m.Files))
	}
	seen := make(map[string]struct{}, len(m.Files))
	for _, f := range m.Files {
		if err := ValidatePath(f.Path); err != nil {
			return err
		}
		if f.Size > 1<<63-1 {
			return fmt.Errorf("%w: size %d of %q is over %d", ErrInvalid, f.Size, f.Path, uint64(1<<63-1))
		}
		if _, dup := seen[f.Path]; dup {
			return fmt.Errorf("%w: path %q is listed twice", ErrInvalid, f.Path)
		}
		seen[f.Path] = struct{}{}
	}
	return nil
}

// Sorted returns a copy whose files are in canonical order.
func (m Manifest) Sorted() Manifest {
	files := append([]File(nil), m.Files...)
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	m.Files = files
	return m
}

// ValidatePath returns an error if an output path may not be in a manifest. A path must be
// relative, slash-separated and valid UTF-8, without empty, "." or ".." elements, control
// characters or backslashes, so that it means the same file on every system.
func ValidatePath(path string) error {
	if path == "" || len(path) > MaxPathBytes {
		return fmt.Errorf("%w: path of %d bytes, expected 1 to %d", ErrInvalid, len(path), MaxPathBytes)
	}
	for _, element := range strings.Split(path, "/") {
		if err := ValidateName(element); err != nil {
			return fmt.Errorf("path %q: %w", path, err)
		}
	}
	return nil
}

// ValidateName returns an error if a text may not be an element of a path in a manifest.
func ValidateName(name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("%w: path element %q is not a name", ErrInvalid, name)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: path element %q is not UTF-8", ErrInvalid, name)
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f || r == '\\' || r == '/' {
			return fmt.Errorf("%w: path element %q holds the forbidden character %q", ErrInvalid, name, r)
		}
	}
	return nil
}

func validateProfile(profile string) error {
	if profile == "" || len(profile) > MaxProfileBytes {
		return fmt.Errorf("%w: profile of %d bytes, expected 1 to %d", ErrInvalid, len(profile), MaxProfileBytes)
	}
	for _, c := range []byte(profile) {
		if c <= ' ' || c >= 0x7f {
			return fmt.Errorf("%w: profile %q, expected printable ASCII without spaces", ErrInvalid, profile)
		}
	}
	return nil
}
