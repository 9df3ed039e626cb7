package relay

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
)

// measured is an upload that looks at what the relay has on its disk when it ends.
type measured struct {
	io.Reader
	root string
	most int64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	held := int64(0)
	_ = filepath.WalkDir(m.root, func(_ string, entry fs.DirEntry, walkErr error) error {
		if info, infoErr := entry.Info(); walkErr == nil && infoErr == nil && info.Mode().IsRegular() {
			held += info.Size()
		}
		return nil
	})
	m.most = max(m.most, held)
	return n, err
}

// A retry costs nothing, and so it must not take anything: neither room on the disk beyond
// the relay's bound, nor that of content which cannot have this digest.
func TestWhatIsSentAgainTakesNoRoom(t *testing.T) {
	const size = 100 << 10
	cfg := DefaultConfig(t.TempDir())
	cfg.TotalBytes, cfg.MaxBytes, cfg.BoxBytes, cfg.DropPercent = 4*size, 4*size, 4*size, 100
	v, err := openVault(cfg)
	require.NoError(t, err)
	content := bytes.Repeat([]byte("x"), size)
	by := uploader{holder: holder{name: "node", network: "operator", job: "job"}, quota: &tally{files: 1, bytes: size}}
	k := key{strings.Repeat("ab", 32), blob.DigestOf(content)}
	first, err := v.put(k, by, size, bytes.NewReader(content))
	require.NoError(t, err)

	again := &measured{Reader: bytes.NewReader(content), root: cfg.Root}
	drop, err := v.put(k, by, size, again)
	require.NoError(t, err)
	require.False(t, drop.ExpiresAt.Before(first.ExpiresAt))
	require.LessOrEqual(t, again.most, int64(size), "the same content")

	junk := &measured{Reader: io.LimitReader(zeros{}, 4*size), root: cfg.Root}
	_, err = v.put(k, by, 4*size, junk)
	require.Equal(t, codeWrongDigest, codeOf(t, err))
	require.LessOrEqual(t, junk.most, int64(size), "content of another size")
	_, err = v.put(k, by, size, io.LimitReader(zeros{}, size))
	require.Equal(t, codeWrongDigest, codeOf(t, err))

	file, _, found := v.open(k)
	require.True(t, found)
	kept, err := io.ReadAll(file)
	require.NoError(t, errors.Join(err, file.Close()))
	require.Equal(t, content, kept)

	require.NoError(t, os.Remove(v.path(k)))
	_, err = v.put(k, by, size, bytes.NewReader(content))
	require.NoError(t, err, "content whose file has gone is kept again")
	require.FileExists(t, v.path(k))
}

// zeros is an endless upload.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func codeOf(t *testing.T, err error) code {
	t.Helper()
	var r *refused
	require.ErrorAs(t, err, &r)
	return r.code
}
