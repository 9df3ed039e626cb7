package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreviewShowsTextAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct{ content, shown string }{
		"text":              {"one\ntwo\n", "  | one\n  | two"},
		"cut in a letter":   {strings.Repeat("é", previewBytes), "  | " + strings.Repeat("é", previewWidth) + "…"},
		"many lines":        {strings.Repeat("x\n", 20), strings.Repeat("  | x\n", previewLines) + "  | …"},
		"binary":            {"\x89PNG\r\n\x1a\n\x00\x00", ""},
		"terminal commands": {"\x1b[2Jgone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out")
			require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			shown, err := preview(path)
			require.NoError(t, err)
			require.Equal(t, c.shown, shown)
		})
	}
}
