package container

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
)

// images keeps images in the engine, within a quota.
type images struct {
	cfg    *Config
	engine *engine

	// turn belongs to the task that looks for its image in the engine. One image is loaded at a time.
	turn chan struct{}

	mu sync.Mutex
	// used counts the tasks that use an image, by its id.
	used map[string]int
	// fetching contains what is closed when an image has been fetched, by the digest that was named.
	fetching map[string]chan struct{}
}

// kept is the record of an image in the engine that this package has put there.
type kept struct {
	// ID is the SHA-256 in hex of its configuration, and Manifest that of its manifest, or empty.
	ID       string `json:"id"`
	Manifest string `json:"manifest,omitempty"`
	// Bytes is its unpacked size, and Used when a task last began to use it.
	Bytes uint64    `json:"bytes"`
	Used  time.Time `json:"used"`
	// Volumes are the folders that it declares as such.
	Volumes []string `json:"volumes,omitempty"`
}

// lent is an image that a task uses.
type lent struct {
	kept
	// name is its name in the engine.
	name    string
	program *Program // nil if the program is the archive
	release func()
}

// acquire has the engine hold the image of a task. It fails with errImage if no machine can run the program, or
// with an error of the machine. The caller releases the image.
func (s *images) acquire(ctx context.Context, task *executor.Task) (*lent, error) {
	program, err := readProgram(task.ProgramPath)
	if err != nil {
		return nil, err
	}
	if program != nil && program.Archive == "" {
		return s.fromRegistry(ctx, program)
	}
	i, done, err := find(task, program)
	if err != nil {
		return nil, err
	}
	defer done() //nolint:errcheck // read only
	return s.lendVerified(ctx, i, program)
}

// lendVerified verifies an image and lends it. A registry that stalls or an image that is slow to unpack keeps no other
// task waiting: only what changes the engine is done in turn.
func (s *images) lendVerified(ctx context.Context, i *image, program *Program) (*lent, error) {
	// Also if the engine has the image: an archive with wrong layers has the same result on every machine, and a
	// manifest is noted only if its own layers are right.
	if err := i.verify(ctx, min(s.cfg.MaxImageBytes, s.cfg.ImageBytes)); err != nil {
		return nil, err
	}
	return s.lend(ctx, program, func() (*kept, error) { return s.put(ctx, i) })
}

// lend notes that a task uses the image that a function returns, which it calls in turn. It returns nil if the function does.
func (s *images) lend(ctx context.Context, program *Program, get func() (*kept, error)) (*lent, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	found, err := get()
	if err != nil || found == nil {
		return nil, err
	}
	found.Used = time.Now()
	if err := s.note(*found); err != nil {
		return nil, err
	}
	s.count(found.ID, 1)
	return &lent{kept: *found, name: s.name(found.ID), program: program, release: sync.OnceFunc(func() { s.count(found.ID, -1) })}, nil
}

// alone waits until no other task fetches the image with a digest. The caller calls the function that it returns.
func (s *images) alone(ctx context.Context, digest string) (func(), error) {
	for {
		s.mu.Lock()
		busy := s.fetching[digest]
		if busy == nil {
			mine := make(chan struct{})
			s.fetching[digest] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.fetching, digest)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// count notes that tasks begin or end to use an image, and returns how many use it.
func (s *images) count(id string, by int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used[id] += by
	users := s.used[id]
	if users == 0 {
		delete(s.used, id)
	}
	return users
}

// find returns the image of a task whose archive is on disk. The caller calls the function that it returns.
func find(task *executor.Task, program *Program) (*image, func() error, error) {
	path := task.ProgramPath
	if program != nil {
		at := slices.IndexFunc(task.Inputs, func(in executor.Input) bool { return in.Name == program.Archive })
		if at < 0 {
			return nil, nil, badImage("archive: expected the name of an input of the job, found %.100q", program.Archive)
		}
		path = task.Inputs[at].Path
	}
	a, err := openArchive(path)
	if err != nil {
		return nil, nil, err
	}
	i, err := a.image(runtime.GOARCH)
	if err == nil && program != nil {
		err = named(i, program)
	}
	if err != nil {
		return nil, nil, errors.Join(err, a.close())
	}
	return i, a.close, nil
}

// named reports whether an image is the one that a program names.
func named(i *image, program *Program) error {
	want, err := program.digest()
	if err != nil {
		return err
	}
	if want != i.id && want != i.manifest {
		return badImage("expected the image sha256:%s, found sha256:%s in the archive", want, i.id)
	}
	return nil
}

// put loads a verified image into the engine unless it is there.
func (s *images) put(ctx context.Context, i *image) (*kept, error) {
	volumes, err := volumesOf(i.settings.Config.Volumes)
	if err != nil {
		return nil, err
	}
	if found := i.settings.Architecture; found != runtime.GOARCH {
		return nil, fmt.Errorf("%w: the image is for %.20q, and this machine is %s", executor.ErrUnavailable, found, runtime.GOARCH)
	}
	if old, err := s.record(i.id); err == nil {
		there, err := s.there(ctx, i.id)
		if err != nil {
			return nil, err
		}
		if there {
			if i.manifest != "" {
				old.Manifest = i.manifest
			}
			return &old, nil
		}
	}
	if err := s.room(ctx, i.bytes()); err != nil {
		return nil, err
	}
	found := kept{ID: i.id, Manifest: i.manifest, Bytes: i.bytes(), Used: time.Now(), Volumes: volumes}
	// The record is there first: an image without a record would never be removed.
	if err := s.note(found); err != nil {
		return nil, err
	}
	if err := s.load(ctx, i); err != nil {
		return nil, err
	}
	there, err := s.there(ctx, i.id)
	if err == nil && !there {
		err = fmt.Errorf("%w: the container engine has loaded the image sha256:%s and does not have it", executor.ErrUnavailable, i.id)
	}
	return &found, err
}

// load sends a verified image to the engine.
func (s *images) load(ctx context.Context, i *image) error {
	c, err := s.engine.connect(ctx)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(i.writeTo(w, s.name(i.id))) }()
	defer r.Close() //nolint:errcheck // ends the writer
	answer, err := c.ImageLoad(ctx, r, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("%w: the container engine did not load the image: %w", executor.ErrUnavailable, err)
	}
	defer answer.Close() //nolint:errcheck // read only
	d := json.NewDecoder(io.LimitReader(answer, maxDocumentBytes))
	for {
		var line struct {
			Error string `json:"error"`
		}
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && line.Error != "" {
			err = errors.New(line.Error)
		}
		if err != nil {
			return fmt.Errorf("%w: the container engine did not load the image: %w", executor.ErrUnavailable, err)
		}
	}
}

// there reports whether the engine has an image of ours, with the right content.
func (s *images) there(ctx context.Context, id string) (bool, error) {
	c, err := s.engine.connect(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := called(ctx)
	defer cancel()
	found, err := c.ImageInspect(ctx, s.name(id))
	switch {
	case cerrdefs.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%w: cannot look at an image: %w", executor.ErrUnavailable, err)
	}
	// An engine that keeps images in containerd calls them by their manifest, which it makes itself. It has
	// compared the configuration then, which names all layers, when it loaded the archive.
	if strings.TrimPrefix(found.ID, "sha256:") != id && found.Descriptor == nil {
		return false, fmt.Errorf("%w: the container engine has another image (%s) under the name %s; remove it", executor.ErrUnavailable, found.ID, s.name(id))
	}
	return true, nil
}

// room removes images of ours until a further one fits, those that were used longest ago first.
func (s *images) room(ctx context.Context, size uint64) error {
	all, err := s.records()
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b kept) int { return a.Used.Compare(b.Used) })
	var sum uint64
	for _, k := range all {
		sum += k.Bytes
	}
	var kept error
	for _, k := range all {
		if sum+size <= s.cfg.ImageBytes {
			return nil
		}
		if s.count(k.ID, 0) > 0 {
			continue
		}
		// A container of an earlier daemon may still need it. Another image may go.
		if err := s.drop(ctx, k.ID); err != nil {
			kept = errors.Join(kept, err)
			continue
		}
		sum -= k.Bytes
	}
	if sum+size > s.cfg.ImageBytes {
		if kept != nil {
			return kept
		}
		return fmt.Errorf("%w: the images of the tasks that run and this one take more than container.images (%d bytes)", executor.ErrUnavailable, s.cfg.ImageBytes)
	}
	return nil
}

// drop removes an image of ours. If the owner has given it a name as well, the engine keeps it.
func (s *images) drop(ctx context.Context, id string) error {
	c, err := s.engine.connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := called(ctx)
	defer cancel()
	if _, err := c.ImageRemove(ctx, s.name(id), client.ImageRemoveOptions{PruneChildren: true}); err != nil && !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("%w: cannot remove an image: %w", executor.ErrUnavailable, err)
	}
	return os.Remove(s.path(id))
}

// name returns the name of an image of ours in the engine. No registry has it.
func (s *images) name(id string) string {
	sum := sha256.Sum256([]byte(s.cfg.Home))
	return "theta.invalid/" + hex.EncodeToString(sum[:6]) + ":" + id
}

func (s *images) path(id string) string { return filepath.Join(s.cfg.images(), id+".json") }

func (s *images) note(k kept) error {
	content, err := json.Marshal(k)
	if err != nil {
		return err
	}
	path := s.path(k.ID)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return osfault.Explain(path, err)
	}
	return osfault.Replace(path+".new", path)
}

func (s *images) record(id string) (k kept, err error) {
	content, err := os.ReadFile(s.path(id))
	if err == nil {
		err = json.Unmarshal(content, &k)
	}
	return k, err
}

// records returns what is noted about images. A record that cannot be read counts as none.
func (s *images) records() ([]kept, error) {
	entries, err := os.ReadDir(s.cfg.images())
	if err != nil {
		return nil, err
	}
	var all []kept
	for _, entry := range entries {
		id := hexDigest(strings.TrimSuffix(entry.Name(), ".json"))
		if id == "" {
			continue
		}
		if k, err := s.record(id); err == nil && k.ID == id {
			all = append(all, k)
		}
	}
	return all, nil
}
