package agent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

// manifestFile is the name of the encoded result manifest in the folder of an assignment. The
// manifest is not in the journal, because a program can make it megabytes long.
const manifestFile = "manifest"

// keepManifest writes the manifest of a result to disk, syncs it and returns it.
func keepManifest(folder string, result executor.Result) ([]byte, error) {
	encoded, err := result.Manifest().Encode()
	if err != nil {
		return nil, fmt.Errorf("cannot encode the result: %w", err)
	}
	return encoded, writeManifest(folder, encoded)
}

// writeManifest writes an encoded manifest to disk and syncs it.
func writeManifest(folder string, encoded []byte) error {
	path := filepath.Join(folder, manifestFile)
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("cannot keep the result manifest: %w", err)
	}
	_, err = file.Write(encoded)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = osfault.Replace(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("cannot keep the result manifest: %w", err)
	}
	return nil
}

// manifestOf returns the encoded result manifest of an executed assignment.
func manifestOf(record store.Assignment) ([]byte, error) {
	if len(record.Manifest) > 0 {
		return record.Manifest, nil
	}
	encoded, err := os.ReadFile(filepath.Join(record.Folder, manifestFile))
	if err != nil {
		return nil, fmt.Errorf("result manifest: %w", err)
	}
	if found := sha256.Sum256(encoded); !bytes.Equal(found[:], record.ResultDigest) {
		return nil, fmt.Errorf("result manifest: expected sha256 %x, found %x on this disk", record.ResultDigest, found)
	}
	return encoded, nil
}

// Undrawn reports whether a record is that of a claim that ended because other nodes were drawn,
// and not because this machine failed.
func Undrawn(record *store.Assignment) bool {
	return record.Phase == store.PhaseReleased && record.LastError == errUndrawn.Error()
}
