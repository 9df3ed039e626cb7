package release

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	// maxEntries bounds the number of files in an archive, and maxOthers the bytes of those that are
	// not the program.
	maxEntries = 16
	maxOthers  = 4 << 20
)

// Check returns an error unless the content has the size and the sum of an archive.
func (f File) Check(content io.Reader) error { return check(f.Name, content, f.Size, f.SHA256) }

// CheckProgram returns an error unless the content is the program of an archive.
func (f File) CheckProgram(content io.Reader) error {
	return check("the program of "+f.Name, content, f.ProgramSize, f.ProgramSHA256)
}

// check reads at most one byte more than it expects.
func check(what string, content io.Reader, size int64, sum string) error {
	hash := sha256.New()
	found, err := io.Copy(hash, io.LimitReader(content, size+1))
	switch {
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", what, err)
	case found > size:
		return fmt.Errorf("%s: expected %d bytes, found more", what, size)
	case found < size:
		return fmt.Errorf("%s: expected %d bytes, found %d: it was cut off", what, size, found)
	}
	if text := hex.EncodeToString(hash.Sum(nil)); text != sum {
		return fmt.Errorf("%s: expected the SHA-256 sum %s, found %s", what, sum, text)
	}
	return nil
}

// Unpack writes the program of an archive to a file that does not exist yet. It refuses the archive
// if that has anything but plain files at its top, more than one program, or a program of another
// size or sum than the manifest says; the file is removed then.
func (f File) Unpack(archive, program, to string) error {
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700) //nolint:gosec // a program
	if err != nil {
		return err
	}
	unpack := f.unpackTar
	if strings.HasSuffix(f.Name, ".zip") {
		unpack = f.unpackZip
	}
	found, err := unpack(archive, program, file)
	if err == nil && found != 1 {
		err = fmt.Errorf("%s: expected one file %s, found %d", f.Name, program, found)
	}
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = f.checkFile(to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// checkFile reads a program again after it was written.
func (f File) checkFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.CheckProgram(file), file.Close())
}

// plain refuses an entry that is not a plain file at the top of the archive.
func (f File) plain(name string, regular bool, count int) error {
	switch {
	case count > maxEntries:
		return fmt.Errorf("%s: expected at most %d files, found more", f.Name, maxEntries)
	case !regular:
		return fmt.Errorf("%s: expected only plain files, found %.80q, which is a folder, a link or a device", f.Name, name)
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\:`) || filepath.Base(name) != name:
		return fmt.Errorf("%s: expected only files at its top, found the path %.80q", f.Name, name)
	}
	return nil
}

func (f File) unpackTar(archive, program string, to io.Writer) (found int, err error) {
	raw, err := os.Open(archive)
	if err != nil {
		return 0, err
	}
	defer raw.Close() //nolint:errcheck // read only
	zipped, err := gzip.NewReader(raw)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a tar.gz: %w", f.Name, err)
	}
	in := tar.NewReader(io.LimitReader(zipped, f.ProgramSize+maxOthers))
	for count := 1; ; count++ {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("%s: expected a tar.gz whose files have at most %d bytes: %w", f.Name, f.ProgramSize+maxOthers, err)
		}
		if err := f.plain(header.Name, header.Typeflag == tar.TypeReg, count); err != nil {
			return found, err
		}
		if header.Name != program {
			continue
		}
		if found++; found == 1 {
			err = f.copyProgram(to, in, header.Size)
		}
		if err != nil {
			return found, err
		}
	}
}

func (f File) unpackZip(archive, program string, to io.Writer) (found int, err error) {
	in, err := zip.OpenReader(archive)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a zip: %w", f.Name, err)
	}
	defer in.Close() //nolint:errcheck // read only
	for i, entry := range in.File {
		if err := f.plain(entry.Name, entry.Mode().IsRegular(), i+1); err != nil {
			return found, err
		}
		if entry.Name != program {
			continue
		}
		if found++; found > 1 {
			continue
		}
		content, err := entry.Open()
		if err != nil {
			return found, fmt.Errorf("%s: %w", f.Name, err)
		}
		err = f.copyProgram(to, content, int64(entry.UncompressedSize64)) //nolint:gosec // a size that is too large does not match
		if err := errors.Join(err, content.Close()); err != nil {
			return found, err
		}
	}
	return found, nil
}

// copyProgram writes no more than the size that the manifest says, whatever the archive says.
func (f File) copyProgram(to io.Writer, from io.Reader, declared int64) error {
	if declared != f.ProgramSize {
		return fmt.Errorf("%s: expected a program of %d bytes, found %d", f.Name, f.ProgramSize, declared)
	}
	if _, err := io.Copy(to, io.LimitReader(from, f.ProgramSize)); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}
