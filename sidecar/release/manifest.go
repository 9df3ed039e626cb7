package release

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

const (
	// ManifestName is the file that describes a release.
	ManifestName = "manifest.json"
	// SumsName is the file with the checksums of its archives.
	SumsName = "SHA256SUMS"
	// SignatureSuffix is what the names of their signatures end with.
	SignatureSuffix = ".sig"
	// MaxManifest bounds the manifest, in bytes.
	MaxManifest = 64 << 10
	// MaxSignature bounds a signature, in bytes.
	MaxSignature = 4 << 10
	// Program is the name of the program in manifests and archives.
	Program = "thetaedge"

	// manifestFormat is the version of the manifest's form. It is raised by each change that an older
	// program would misread.
	manifestFormat = 1
	// maxArchive and maxProgram bound an archive and the program in it, in bytes.
	maxArchive = 512 << 20
	maxProgram = 1 << 30
)

// Manifest names the archives of a release.
type Manifest struct {
	Format  int    `json:"format"`
	Program string `json:"program"`
	// Channel is the list of releases to which the release belongs, such as "stable".
	Channel string `json:"channel"`
	Version string `json:"version"`
	// MinimumProtocol is the format of the journal that the release writes. A program that cannot
	// read that format does not install the release by itself, because it could not take over again.
	MinimumProtocol uint64 `json:"minimum_protocol"`
	// Released is when the manifest was signed. After Expires, programs do not take it for the newest one.
	Released time.Time `json:"released"`
	Expires  time.Time `json:"expires"`
	// Files contains the archive of each platform, such as "linux/amd64".
	Files map[string]File `json:"files"`
}

// File is an archive. Sizes are in bytes, and sums are in hexadecimal digits.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// ProgramSize and ProgramSHA256 are those of the program in the archive.
	ProgramSize   int64  `json:"program_size"`
	ProgramSHA256 string `json:"program_sha256"`
}

// Encode returns the text of a manifest. It is always the same for the same manifest.
func (m Manifest) Encode() ([]byte, error) {
	m.Format, m.Program = manifestFormat, Program
	if err := m.validate(); err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	return append(raw, '\n'), err
}

// OpenManifest reads a manifest that one of the keys has signed. Nothing in it is read before its
// signature was found to be good.
func OpenManifest(raw, signature []byte, keys Keys) (Manifest, error) {
	var m Manifest
	if err := keys.Verify(raw, signature); err != nil {
		return m, fmt.Errorf("%s: %w", ManifestName, err)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: expected JSON, found something else: %w", ManifestName, err)
	}
	if err := m.validate(); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

var (
	// archiveShape is the name of an archive, which becomes part of an address.
	archiveShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.(tar\.gz|zip)$`)
	// channelShape is the name of a channel.
	channelShape = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// CheckChannel refuses what cannot be the name of a channel.
func CheckChannel(name string) error {
	if !channelShape.MatchString(name) {
		return fmt.Errorf("expected a name of at most 32 lower case letters, digits and dashes, such as \"stable\", found %.40q", name)
	}
	return nil
}

func (m Manifest) validate() error {
	var errs []error
	expect := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(ManifestName+": expected "+format, args...))
		}
	}
	expect(m.Format == manifestFormat, "format %d, found %d; install a newer thetaedge by hand", manifestFormat, m.Format)
	expect(m.Program == Program, "the program %q, found %.40q", Program, m.Program)
	if err := CheckChannel(m.Channel); err != nil {
		errs = append(errs, fmt.Errorf("%s: channel: %w", ManifestName, err))
	}
	if _, err := ParseVersion(m.Version); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", ManifestName, err))
	}
	expect(!m.Released.IsZero() && m.Expires.After(m.Released), "a time of release, and a later one at which it expires, found %s and %s", m.Released, m.Expires)
	expect(len(m.Files) > 0 && len(m.Files) <= 64, "1 to 64 platforms, found %d", len(m.Files))
	for platform, f := range m.Files {
		os, arch, found := strings.Cut(platform, "/")
		expect(found && os != "" && arch != "" && path.Base(arch) == arch, "a platform such as linux/amd64, found %.40q", platform)
		expect(archiveShape.MatchString(f.Name), "the name of an archive for %.40q, found %.140q", platform, f.Name)
		expect(f.Size > 0 && f.Size <= maxArchive, "an archive of 1 to %d bytes for %.40q, found %d", int64(maxArchive), platform, f.Size)
		expect(f.ProgramSize > 0 && f.ProgramSize <= maxProgram, "a program of 1 to %d bytes for %.40q, found %d", int64(maxProgram), platform, f.ProgramSize)
		expect(isSum(f.SHA256) && isSum(f.ProgramSHA256), "SHA-256 sums of 64 lower case hexadecimal digits for %.40q", platform)
	}
	return errors.Join(errs...)
}

// isSum reports whether a text is a SHA-256 sum as sha256sum prints it.
func isSum(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 32 && text == strings.ToLower(text)
}

// For returns the archive for a platform.
func (m Manifest) For(os, arch string) (File, error) {
	file, found := m.Files[os+"/"+arch]
	if !found {
		return File{}, fmt.Errorf("expected an archive for %s/%s in the release %s, found none", os, arch, m.Version)
	}
	return file, nil
}
