package release

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Entry is a file of an archive.
type Entry struct {
	Name       string
	Executable bool
	Content    []byte
}

// mode returns the permissions of an entry.
func (e Entry) mode() int64 {
	if e.Executable {
		return 0o755
	}
	return 0o644
}

// ArchiveName returns the name of the archive for a platform.
func ArchiveName(version Version, os, arch string) string {
	suffix := ".tar.gz"
	if os == "windows" {
		suffix = ".zip"
	}
	return fmt.Sprintf("%s_%s_%s_%s%s", Program, version, os, arch, suffix)
}

// ProgramName returns the name of the program on a platform.
func ProgramName(os string) string {
	if os == "windows" {
		return Program + ".exe"
	}
	return Program
}

// Pack writes an archive whose kind follows from its name. The same entries and time give the same
// bytes: the archive names no user, no machine and no other time.
func Pack(w io.Writer, name string, at time.Time, entries []Entry) error {
	at = at.UTC().Truncate(2 * time.Second) // zip knows only even seconds
	if strings.HasSuffix(name, ".zip") {
		return packZip(w, at, entries)
	}
	return packTar(w, at, entries)
}

func packTar(w io.Writer, at time.Time, entries []Entry) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.Name, Size: int64(len(e.Content)), Mode: e.mode(), ModTime: at, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(e.Content); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), zipped.Close())
}

func packZip(w io.Writer, at time.Time, entries []Entry) error {
	out := zip.NewWriter(w)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: at}
		header.SetMode(0o644)
		if e.Executable {
			header.SetMode(0o755)
		}
		file, err := out.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.Content); err != nil {
			return err
		}
	}
	return out.Close()
}
