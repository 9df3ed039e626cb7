package types

import (
	"path"
	"strings"
)

// maxArrayInputs bounds the leaves of an array's input tree.
const maxArrayInputs = 1 << 32

// validate checks the form of the inputs that differ from task to task, for a job of this
// many tasks.
func (a *ArrayInput) validate(tasks uint64) error {
	if err := validatePath("array_input", a.Path); err != nil {
		return err
	}
	if len(a.Root) != HashSize {
		return ErrInvalidSpec.Wrapf("array_input: root: expected %d bytes, found %d", HashSize, len(a.Root))
	}
	if a.Count < tasks || a.Count > maxArrayInputs {
		return ErrInvalidSpec.Wrapf("array_input: count: expected one input per task, %d to %d, found %d",
			tasks, uint64(maxArrayInputs), a.Count)
	}
	if a.MaxBytes == 0 || a.MaxBytes > maxBlobBytes {
		return ErrInvalidSpec.Wrapf("array_input: max_bytes: expected 1 to %d, found %d", uint64(maxBlobBytes), a.MaxBytes)
	}
	if n := len(a.Uris); n < 1 || n > maxURIs {
		return ErrInvalidSpec.Wrapf("array_input: expected 1 to %d uris, found %d", maxURIs, n)
	}
	for _, u := range a.Uris {
		if err := validateURI("array_input", u); err != nil {
			return err
		}
		if strings.HasSuffix(u, "/") || strings.ContainsAny(u, "?#") {
			return ErrInvalidSpec.Wrapf("array_input: expected a prefix to which \"/0.proof\" is added, without query, found %.280q", u)
		}
	}
	return nil
}

// validatePath checks a path below /in.
func validatePath(name, p string) error {
	if len(p) > maxPathBytes || !pathPattern.MatchString(p) || path.Clean(p) != p || p == "." || strings.HasPrefix(p, "..") {
		return ErrInvalidSpec.Wrapf("%s: expected a relative path of letters, digits and ._-/ without \"..\", at most %d bytes, found %.140q",
			name, maxPathBytes, p)
	}
	return nil
}
