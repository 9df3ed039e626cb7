package container

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// maxProgramBytes is the size of the largest program that is a document.
const maxProgramBytes = 64 << 10

// Program is a program of container/1 that names its image. A program may also be an image archive
// itself.
type Program struct {
	// Profile is "container/1".
	Profile string `json:"profile"`
	// Image names the image with its digest: "ghcr.io/owner/name@sha256:..." on a registry, or
	// "sha256:..." of the image in Archive, either of its manifest or of its configuration.
	Image string `json:"image"`
	// Archive is the name of the input that contains the image, or empty if the image is on a
	// registry.
	Archive string `json:"archive,omitempty"`
	// Entrypoint takes the place of the entrypoint of the image if it is not empty.
	Entrypoint []string `json:"entrypoint,omitempty"`
	// Env contains environment variables in addition to those of the image. Those of the task override them.
	Env map[string]string `json:"env,omitempty"`
}

// readProgram reads the program of a task. It returns nil if the program is an image archive. It fails
// with errImage if no machine can run it.
func readProgram(path string) (*Program, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	content, err := io.ReadAll(io.LimitReader(file, maxProgramBytes+1))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")) {
		return nil, nil //nolint:nilnil // an archive is no error
	}
	if len(content) > maxProgramBytes {
		return nil, badImage("expected a program of at most %d bytes, found more", maxProgramBytes)
	}
	return ParseProgram(content)
}

// ParseProgram reads a program that names its image, and says which field is wrong.
func ParseProgram(content []byte) (*Program, error) {
	p := &Program{}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, badImage("the program is not what %s expects: %v", Profile, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, badImage("the program has something behind its end")
	}
	if p.Profile != Profile {
		return nil, badImage("profile: expected %q, found %.40q", Profile, p.Profile)
	}
	if _, err := p.digest(); err != nil {
		return nil, err
	}
	if p.Archive != "" {
		if err := manifest.ValidatePath(p.Archive); err != nil {
			return nil, badImage("archive: %v", err)
		}
	} else if _, err := parseReference(p.Image); err != nil {
		return nil, err
	}
	for name, value := range p.Env {
		v := executor.Task{ID: "-", ProgramPath: "-", OutputDir: "-", Fuel: 1, MemoryBytes: 1, Env: []executor.Variable{{Name: name, Value: value}}}
		if err := v.Validate(); err != nil {
			return nil, badImage("env: %v", err)
		}
	}
	for _, word := range p.Entrypoint {
		if strings.ContainsRune(word, 0) {
			return nil, badImage("entrypoint: %.40q has a zero byte", word)
		}
	}
	return p, nil
}

// digest returns the digest of the image in hex.
func (p *Program) digest() (string, error) {
	_, named, found := strings.Cut("@"+p.Image, "@sha256:")
	if digest := hexDigest(named); found && digest != "" {
		return digest, nil
	}
	return "", badImage("image: expected a name with a digest such as ghcr.io/owner/name@sha256:..., found %.200q; docker images --digests shows it", p.Image)
}

// reference is the name of an image on a registry.
type reference struct {
	host, repository, digest string
}

// parseReference reads a name such as "ghcr.io/owner/name@sha256:...".
func parseReference(text string) (reference, error) {
	wrong := func() (reference, error) {
		return reference{}, badImage("image: expected HOST/NAME@sha256:DIGEST with the host of its registry, found %.200q", text)
	}
	name, digest, found := strings.Cut(text, "@sha256:")
	host, repository, slash := strings.Cut(name, "/")
	if !found || !slash || hexDigest(digest) == "" || len(name) > 255 {
		return wrong()
	}
	if !strings.ContainsAny(host, ".:") && host != "localhost" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != "" {
		return wrong()
	}
	for _, part := range strings.Split(repository, "/") {
		if part == "" || strings.Trim(part, ".") == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return wrong()
		}
	}
	return reference{host, repository, digest}, nil
}

// String returns the name as it was read.
func (r reference) String() string {
	return fmt.Sprintf("%s/%s@sha256:%s", r.host, r.repository, r.digest)
}
