package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/executor"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// badLine breaks at every second upload.
type badLine struct {
	*fakeWeb
	tries int
}

func (l *badLine) PutTo(ctx context.Context, address string, r io.ReadSeeker, size int64) (blob.Digest, error) {
	if l.tries++; l.tries%2 == 0 {
		return blob.Digest{}, blob.ErrUnreachable
	}
	return l.fakeWeb.PutTo(ctx, address, r, size)
}

func TestDeliveryGoesOnWhereTheLineBroke(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, outputFolder), 0o700))
	result := executor.Result{Profile: "wasm/1", Reason: manifest.ReasonExited}
	for n := range 10 {
		content, name := fmt.Appendf(nil, "output %d", n), fmt.Sprint(n)
		require.NoError(t, os.WriteFile(filepath.Join(folder, outputFolder, name), content, 0o600))
		result.Outputs = append(result.Outputs, manifest.File{Path: name, Size: uint64(len(content)), SHA256: sha256.Sum256(content)})
	}
	encoded, err := keepManifest(folder, result)
	require.NoError(t, err)
	digest := sha256.Sum256(encoded)
	record := store.Assignment{Folder: folder, ResultDigest: digest[:], Sink: "http://relay.example/box"}
	line, taken := &badLine{fakeWeb: newFakeWeb()}, map[[sha256.Size]byte]bool{}
	tries := 0
	for err = blob.ErrUnreachable; err != nil; tries++ {
		require.Less(t, tries, 20)
		err = upload(t.Context(), line, record, nil, taken)
	}
	require.Len(t, line.drops, 11, "all outputs and the manifest")
	require.Equal(t, 11, line.puts, "each of them once")
}
