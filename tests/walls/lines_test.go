package walls

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// search describes lines that only some files may contain.
type search struct {
	// flags of go list.
	flags []string
	// except contains the folders that are not searched.
	except []string
	// find returns the lines of a source that are not allowed.
	find func(source []byte) []string
	// allowed contains the files that need an exception, with the reason.
	allowed map[string]string
	// advice says what to write instead.
	advice string
}

// requireNoLines fails if a file that is not allowed to contains one of the lines, or if an
// exception is not needed.
func requireNoLines(t *testing.T, s search) {
	t.Helper()
	packages, err := list(s.flags, "./...")
	require.NoError(t, err)
	files := 0
	for _, pkg := range packages {
		if in(ours(pkg.ImportPath), s.except...) {
			continue
		}
		for _, name := range append(append([]string{}, pkg.GoFiles...), pkg.CgoFiles...) {
			if generated(name) {
				continue
			}
			source, err := os.ReadFile(filepath.Join(pkg.Dir, name))
			require.NoError(t, err)
			files++
			place := ours(pkg.ImportPath) + "/" + name
			found := s.find(source)
			if _, fine := s.allowed[place]; fine {
				require.NotEmpty(t, found, "%s needs no exception any more", place)
				delete(s.allowed, place)
				continue
			}
			require.Empty(t, found, "%s: %s", place, s.advice)
		}
	}
	require.Greater(t, files, 200)
	require.Empty(t, s.allowed, "exceptions for files that are not there")
}
