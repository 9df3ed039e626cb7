package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/release"
	"github.com/thetaedge/theta/sidecar/store"
)

// order is a release that is to be packed.
type order struct {
	version, channel, out string
	at, expires           time.Time
	// signer is nil for a release without signatures.
	signer   *release.Signer
	programs []program
}

// program is the program of a platform.
type program struct{ os, arch, path string }

// add reads an argument such as linux/amd64=build/release/thetaedge.
func (o *order) add(argument string) error {
	platform, path, found := strings.Cut(argument, "=")
	system, arch, split := strings.Cut(platform, "/")
	if !found || !split || system == "" || arch == "" {
		return fmt.Errorf("expected a platform and its program such as linux/amd64=build/release/thetaedge, found %q", argument)
	}
	o.programs = append(o.programs, program{system, arch, path})
	return nil
}

// written is a file of a release.
type written struct {
	name    string
	content []byte
}

func (w written) sum() string {
	sum := sha256.Sum256(w.content)
	return hex.EncodeToString(sum[:])
}

// write makes the folder of the channel.
func (o *order) write(out io.Writer) error {
	version, err := release.ParseVersion(o.version)
	if err != nil {
		return fmt.Errorf("-version: %w; tag the commit, because only a release can be compared with another one", err)
	}
	manifest := release.Manifest{
		Channel: o.channel, Version: version.String(), MinimumProtocol: store.Schema,
		Released: o.at, Expires: o.expires, Files: map[string]release.File{},
	}
	var files []written
	for _, p := range o.programs {
		archive, about, err := pack(version, p, o.at)
		if err != nil {
			return err
		}
		manifest.Files[p.os+"/"+p.arch] = about
		files = append(files, archive)
	}
	text, err := manifest.Encode()
	if err != nil {
		return err
	}
	files = append(files, written{release.ManifestName, text})
	slices.SortFunc(files, func(x, y written) int { return strings.Compare(x.name, y.name) })
	var sums bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&sums, "%s  %s\n", f.sum(), f.name)
	}
	files = append(files, written{release.SumsName, sums.Bytes()})
	if o.signer == nil {
		fmt.Fprintln(out, "not signed: thetaedge update refuses such a release, and install.sh can only compare checksums")
	} else {
		for _, name := range []string{release.ManifestName, release.SumsName} {
			content := files[slices.IndexFunc(files, func(f written) bool { return f.name == name })].content
			files = append(files, written{name + release.SignatureSuffix, o.signer.Sign(name, content)})
		}
	}
	scripts, err := o.installers()
	if err != nil {
		return err
	}
	return o.place(out, append(files, scripts...))
}

// installers returns the scripts that install a release, with its public key in them.
func (o *order) installers() ([]written, error) {
	key := ""
	if o.signer != nil {
		var err error
		if key, err = o.signer.Public(); err != nil {
			return nil, err
		}
	}
	var files []written
	for name, line := range map[string][2]string{
		"install.sh":  {"RELEASE_KEY=''", "RELEASE_KEY='" + key + "'"},
		"install.ps1": {"$ReleaseKey = ''", "$ReleaseKey = '" + key + "'"},
	} {
		text, err := os.ReadFile(filepath.Join("scripts", name))
		if err != nil {
			return nil, err
		}
		if bytes.Count(text, []byte(line[0])) != 1 {
			return nil, fmt.Errorf("expected one line %s in scripts/%s", line[0], name)
		}
		files = append(files, written{name, bytes.Replace(text, []byte(line[0]), []byte(line[1]), 1)})
	}
	return files, nil
}

// place writes the files into a new folder and then puts it in the place of the old one.
func (o *order) place(out io.Writer, files []written) error {
	folder := filepath.Join(o.out, o.channel)
	if err := errors.Join(os.RemoveAll(folder+".new"), os.MkdirAll(folder+".new", 0o755)); err != nil { //nolint:gosec // releases are public
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder+".new", f.name), f.content, 0o644); err != nil { //nolint:gosec // releases are public
			return err
		}
	}
	if err := errors.Join(os.RemoveAll(folder), os.Rename(folder+".new", folder)); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(out, "%s  %10d  %s\n", f.sum()[:16], len(f.content), filepath.Join(folder, f.name))
	}
	return nil
}

// pack makes the archive of a platform.
func pack(version release.Version, p program, at time.Time) (written, release.File, error) {
	content, err := os.ReadFile(p.path)
	if err != nil {
		return written{}, release.File{}, err
	}
	license, err := os.ReadFile("LICENSE")
	if err != nil {
		return written{}, release.File{}, err
	}
	file := release.File{Name: release.ArchiveName(version, p.os, p.arch)}
	var archive bytes.Buffer
	err = release.Pack(&archive, file.Name, at, []release.Entry{
		{Name: release.ProgramName(p.os), Executable: true, Content: content},
		{Name: "LICENSE", Content: license},
		{Name: "README.txt", Content: readme(version, p)},
	})
	packed := written{file.Name, archive.Bytes()}
	file.Size, file.SHA256 = int64(archive.Len()), packed.sum()
	file.ProgramSize, file.ProgramSHA256 = int64(len(content)), written{content: content}.sum()
	return packed, file, err
}

// readme returns the page in an archive.
func readme(version release.Version, p program) []byte {
	return fmt.Appendf(nil, `thetaedge %s for %s/%s

thetaedge runs an edge node: it sells this machine's idle compute on Theta Edge.

  %[4]s init        detect the hardware, create a worker key
  %[4]s doctor      show what is missing
  %[4]s help        list all commands

Put %[4]s into a folder of your PATH. docs/operators in the repository
(https://github.com/thetaedge/theta) explains everything. LICENSE is the licence.
`, version, p.os, p.arch, release.ProgramName(p.os))
}
