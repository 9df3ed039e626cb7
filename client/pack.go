package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client/jobfile"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Packed is a job that is ready to be quoted, uploaded and posted.
type Packed struct {
	// Spec is the spec that is posted to the chain.
	Spec computetypes.JobSpec
	// Token opens the drop box of the results. Everyone who has the token can read them, so
	// it stays on this machine.
	Token blob.Token
	// Relay is the base URL of the relay.
	Relay string
	// Unchecked says why this machine has not checked that the profile accepts the program;
	// "" if it has.
	Unchecked string
	// AutoChunk reports whether the client proposes the number of tasks of a chunk; see Plan.
	AutoChunk bool

	uploads []upload
}

// upload is content that the relay must hold: a file of this machine, or content that was
// made for the job.
type upload struct {
	path    string
	content []byte
	digest  blob.Digest
	size    int64
}

// Pack reads the files of a job, names them by their digests and writes the spec. Nothing
// leaves this machine.
func Pack(job jobfile.Job) (*Packed, error) {
	if err := job.Validate(); err != nil {
		return nil, err
	}
	if err := job.ValidateReward(); err != nil {
		return nil, err
	}
	if job.Relay == "" {
		return nil, fmt.Errorf("relay is missing; name one in the job file or with --relay, or run your own with: thetaedge relay")
	}
	relay, err := transfer.NewClient(transfer.DefaultClientConfig(job.Relay))
	if err != nil {
		return nil, err
	}
	token, err := blob.NewToken()
	if err != nil {
		return nil, err
	}
	box, err := blob.BoxOf(token)
	if err != nil {
		return nil, err
	}
	packed := &Packed{Token: token, Relay: job.Relay}
	if err := packed.fill(job, relay); err != nil {
		return nil, err
	}
	packed.Spec.Sink = relay.BoxURL(box)
	if packed.Spec.Tasks > 1 {
		packed.Spec.Sink = relay.TaskBoxesURL(box)
	}
	if err := packed.Spec.Validate(); err != nil {
		return nil, within("job", err)
	}
	return packed, nil
}

// PackSpec takes a spec that was written by hand and whose content can already be fetched.
// A spec without a sink gets a drop box at the relay. A spec with a sink needs the token of
// that box, because the results cannot be read without it.
func PackSpec(spec computetypes.JobSpec, relayURL string, token blob.Token) (*Packed, error) {
	packed := &Packed{Spec: spec, Relay: relayURL, Token: token}
	if spec.Sink == "" {
		if token != "" {
			return nil, errors.New("expected a drop box that the token opens in the spec's sink, found none; leave sink out of the spec, or correct it")
		}
		if err := packed.makeBox(); err != nil {
			return nil, err
		}
	} else if err := packed.findBox(); err != nil {
		return nil, err
	}
	if err := packed.Spec.Validate(); err != nil {
		return nil, within("spec", err)
	}
	return packed, nil
}

// makeBox creates a token and names its drop box in the spec.
func (p *Packed) makeBox() error {
	if p.Relay == "" {
		return errors.New("relay is missing; name one with --relay, or run your own with: thetaedge relay")
	}
	relay, err := transfer.NewClient(transfer.DefaultClientConfig(p.Relay))
	if err != nil {
		return err
	}
	if p.Token, err = blob.NewToken(); err != nil {
		return err
	}
	box, err := blob.BoxOf(p.Token)
	if err != nil {
		return err
	}
	p.Spec.Sink = relay.BoxURL(box)
	if p.Spec.Tasks > 1 {
		p.Spec.Sink = relay.TaskBoxesURL(box)
	}
	return nil
}

// findBox checks that the token opens the box that the spec names, and finds its relay.
func (p *Packed) findBox() error {
	if p.Token == "" {
		return fmt.Errorf("expected the token that opens the drop box of the spec's sink in --token-file, found none; leave sink out of the spec to have a box made for you (found %s)", p.Spec.Sink)
	}
	box, err := blob.BoxOf(p.Token)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	base, _, found := strings.Cut(p.Spec.Sink, "/v1/drops/"+box)
	if !found {
		return fmt.Errorf("expected the drop box %s, which the token opens, in the spec's sink, found %s", box, p.Spec.Sink)
	}
	if p.Relay == "" {
		p.Relay = base
	}
	return nil
}

func (p *Packed) fill(job jobfile.Job, relay *transfer.Client) error {
	program, err := p.content(job.Program, relay)
	if err == nil {
		p.Unchecked, err = checkProgram(job)
	}
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	p.AutoChunk = job.Chunk.Auto
	spec := job.Spec()
	spec.Program = program
	if spec.Inputs, err = p.inputs(job, relay); err != nil {
		return err
	}
	if job.ArrayInput != nil {
		if spec.ArrayInput, err = p.arrayInput(job.ArrayInput, relay); err != nil {
			return err
		}
		if job.Tasks == 0 {
			spec.Tasks = spec.ArrayInput.Count
		}
	}
	p.Spec = spec
	return nil
}

// inputs returns the inputs sorted by path, so that the same job file gives the same spec.
func (p *Packed) inputs(job jobfile.Job, relay *transfer.Client) ([]computetypes.Input, error) {
	names := make([]string, 0, len(job.Inputs))
	for name := range job.Inputs {
		names = append(names, name)
	}
	sort.Strings(names)
	inputs := make([]computetypes.Input, 0, len(names))
	for _, name := range names {
		content, err := p.content(job.Inputs[name], relay)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		inputs = append(inputs, computetypes.Input{Path: name, Blob: content})
	}
	return inputs, nil
}

func (p *Packed) content(content jobfile.Content, relay *transfer.Client) (computetypes.Blob, error) {
	if len(content.URIs) > 0 {
		return computetypes.Blob{Sha256: content.SHA256[:], Size_: uint64(content.Size), Uris: content.URIs}, nil
	}
	u, err := readUpload(content.Path)
	if err != nil {
		return computetypes.Blob{}, err
	}
	p.uploads = append(p.uploads, u)
	return computetypes.Blob{Sha256: u.digest[:], Size_: uint64(u.size), Uris: []string{relay.BlobURL(u.digest)}}, nil //nolint:gosec // sizes are positive
}

// readUpload names a file by digest and size.
func readUpload(path string) (upload, error) {
	file, size, err := openRegular(path)
	if err != nil {
		return upload{}, err
	}
	defer file.Close() //nolint:errcheck // read only
	digest, read, err := blob.DigestReader(file)
	if err != nil {
		return upload{}, err
	}
	if read != size {
		return upload{}, fmt.Errorf("%s: expected %d bytes, found %d; it changed while it was read", path, size, read)
	}
	return upload{path: path, digest: digest, size: size}, nil
}

// UploadBytes returns the most bytes that Upload would send.
func (p *Packed) UploadBytes() int64 {
	var total int64
	for _, u := range p.uploads {
		total += u.size
	}
	return total
}

// Upload sends the job's files to the relay. For content that the relay already has, it
// only extends the time for which the relay keeps it.
func (p *Packed) Upload(ctx context.Context) error {
	relay, err := transfer.NewClient(transfer.DefaultClientConfig(p.Relay))
	if err != nil {
		return err
	}
	for _, u := range p.uploads {
		if err := patientTransfer(ctx, func() error { return u.send(ctx, relay) }); err != nil {
			return fmt.Errorf("upload %s: %w", u.path, err)
		}
	}
	return nil
}

func (u upload) send(ctx context.Context, relay *transfer.Client) error {
	if u.content != nil {
		_, err := relay.PutBlob(ctx, bytes.NewReader(u.content), u.size)
		return err
	}
	file, size, err := openRegular(u.path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	if size != u.size {
		return fmt.Errorf("expected %d bytes, found %d; it changed since it was packed", u.size, size)
	}
	digest, err := relay.PutBlob(ctx, io.NewSectionReader(file, 0, size), size)
	if err != nil {
		return err
	}
	if digest != u.digest {
		return fmt.Errorf("expected sha256 %s, found %s; it changed since it was packed", u.digest, digest)
	}
	return nil
}

// openRegular opens a regular file. It checks the file before it opens it, because opening
// a pipe blocks until another program writes to it.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, 0, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if info, err = file.Stat(); err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// regular returns an error for everything that is not a regular file.
func regular(path string, info fs.FileInfo) error {
	kind := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		kind = "something else"
	}
	return fmt.Errorf("%s: expected a regular file, found %s; copy its contents into a file", path, kind)
}

// Describe lists the files of a spec with their digests, one per line.
func Describe(spec computetypes.JobSpec) string {
	var b strings.Builder
	line := func(name string, content computetypes.Blob) {
		fmt.Fprintf(&b, "  %-12s %s… %d bytes\n", name, hex.EncodeToString(content.Sha256)[:12], content.Size_)
	}
	line("program", spec.Program)
	for _, input := range spec.Inputs {
		line(input.Path, input.Blob)
	}
	return b.String()
}
