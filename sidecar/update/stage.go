package update

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/release"
)

const (
	// stagePrefix begins the names of folders in which a version is made ready.
	stagePrefix = ".new-"
	// spareBytes is what stays free on the disk when a version is made ready.
	spareBytes = 256 << 20
	// runLimit bounds the first run of a new program.
	runLimit = time.Minute
	// A program that another process still has open for writing is tried this often, with this pause.
	busyTries, busyPause = 50, 100 * time.Millisecond
)

// Stage fetches the version of an offer and makes it ready. Nothing runs it yet. free returns the free bytes on
// the disk of a folder.
func (f *Folder) Stage(ctx context.Context, from *Source, keys release.Keys, o Offer, free func(string) (uint64, error)) error {
	version := o.version.String()
	if _, _, err := f.verified(version, keys); err == nil {
		return nil
	}
	if err := os.MkdirAll(f.path(), 0o700); err != nil {
		return osfault.Explain(f.path(), err)
	}
	f.tidy()
	if left, err := free(f.path()); err == nil && left < uint64(o.File.Size+o.File.ProgramSize)+spareBytes { //nolint:gosec // bounded by the manifest
		return fmt.Errorf("expected %d bytes of free space for version %s, found %d; make room on the disk of %s", o.File.Size+o.File.ProgramSize+spareBytes, version, left, f.Home)
	}
	folder, err := os.MkdirTemp(f.path(), stagePrefix)
	if err != nil {
		return osfault.Explain(f.path(), err)
	}
	if err := f.fill(ctx, folder, from, o); err != nil {
		return errors.Join(osfault.Explain(folder, err), os.RemoveAll(folder))
	}
	if err := f.settle(folder, version, keys); err != nil {
		return osfault.Explain(f.path(version), err)
	}
	return nil
}

// settle gives a folder with a version its name. If another process was faster, that one's stays, because it
// may run already.
func (f *Folder) settle(folder, version string, keys release.Keys) (err error) {
	unlock, err := osfault.Lock(f.path(lockName))
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, _, err := f.verified(version, keys); err == nil {
		return os.RemoveAll(folder)
	}
	// A version that is there under this name is damaged, or it would have been used.
	return errors.Join(os.RemoveAll(f.path(version)), os.Rename(folder, f.path(version)), syncFolder(f.path()))
}

// fill puts a version into a folder.
func (f *Folder) fill(ctx context.Context, folder string, from *Source, o Offer) error {
	archive := filepath.Join(folder, "archive")
	if err := from.download(ctx, o.File, archive); err != nil {
		return err
	}
	name := release.ProgramName(runtime.GOOS)
	program := filepath.Join(folder, name)
	if err := o.File.Unpack(archive, name, program); err != nil {
		return err
	}
	if err := os.Remove(archive); err != nil {
		return err
	}
	for name, content := range map[string][]byte{release.ManifestName: o.raw, release.ManifestName + release.SignatureSuffix: o.signature} {
		if err := writeFile(folder, name, content); err != nil {
			return err
		}
	}
	return tryProgram(ctx, program, o.version)
}

// tryProgram runs a new program once, because one that the system cannot run must not be chosen.
func tryProgram(ctx context.Context, program string, version release.Version) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	var said []byte
	var err error
	for range busyTries {
		command := exec.CommandContext(ctx, program, "version")
		command.WaitDelay = time.Second
		if said, err = command.CombinedOutput(); !errors.Is(err, syscall.ETXTBSY) {
			break
		}
		// Another thread has begun a process while the file was open for writing.
		time.Sleep(busyPause)
	}
	line, _, _ := strings.Cut(string(said), "\n")
	if err != nil {
		return fmt.Errorf("version %s does not run on this machine: %w: %.200q", version, err, line)
	}
	found, err := release.ParseVersion(strings.TrimSpace(strings.TrimPrefix(line, release.Program)))
	if err != nil || found != version {
		return fmt.Errorf("expected a program that says it is version %s, found one that says %.200q", version, line)
	}
	return nil
}

// verified returns the program of a version that is ready, and its manifest. It fails if a byte of the
// program or of the manifest is not what one of the keys has signed, or if others may change them.
func (f *Folder) verified(version string, keys release.Keys) (string, release.Manifest, error) {
	var m release.Manifest
	if _, err := release.ParseVersion(version); err != nil {
		return "", m, err
	}
	raw, err1 := os.ReadFile(f.path(version, release.ManifestName))
	signature, err2 := os.ReadFile(f.path(version, release.ManifestName+release.SignatureSuffix))
	if err := errors.Join(err1, err2); err != nil {
		return "", m, fmt.Errorf("version %s is not whole: %w", version, err)
	}
	m, err := release.OpenManifest(raw, signature, keys)
	if err != nil {
		return "", m, err
	}
	if m.Version != version {
		return "", m, fmt.Errorf("expected the manifest of version %s, found that of %s", version, m.Version)
	}
	file, err := m.For(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", m, err
	}
	program := f.path(version, release.ProgramName(runtime.GOOS))
	info, err := os.Lstat(program)
	if err != nil {
		return "", m, err
	}
	if err := owned(program, info); err != nil {
		return "", m, err
	}
	content, err := os.Open(program)
	if err != nil {
		return "", m, err
	}
	return program, m, errors.Join(file.CheckProgram(content), content.Close())
}

// tidy removes what a killed process has left.
func (f *Folder) tidy() {
	entries, err := os.ReadDir(f.path())
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		old := err == nil && f.Now().Sub(info.ModTime()) > 2*archiveLimit
		if strings.HasPrefix(entry.Name(), ".") && old {
			_ = os.RemoveAll(f.path(entry.Name()))
		}
	}
}

// prune removes the versions that neither run nor could run again. The caller holds the lock of the versions.
func (f *Folder) prune(s State) error {
	entries, err := os.ReadDir(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if _, err := release.ParseVersion(name); err != nil || name == s.Chosen || name == s.Before || !entry.IsDir() {
			continue
		}
		err = errors.Join(err, os.RemoveAll(f.path(name)))
	}
	return err
}
