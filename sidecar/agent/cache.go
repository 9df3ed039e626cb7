package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/internal/osfault"
)

// cache keeps fetched inputs by digest, also over restarts. It deletes those that have not been
// used for the longest time, and none that an assignment needs.
type cache struct {
	dir       string
	maxBytes  int64
	transfers Transfers

	mu sync.Mutex
	// users is the number of assignments that need a file.
	users map[blob.Digest]int
	// fetching contains a channel per running fetch, which is closed when the fetch has ended.
	// Only fetches from the same servers wait for each other. Otherwise, the slow servers of
	// one job would delay the same content for another job.
	fetching map[string]chan struct{}
	// arriving is the number of running fetches per content.
	arriving map[blob.Digest]int
	// needed contains what assignments will need that have not taken it yet.
	needed map[blob.Digest]bool
}

func newCache(dir string, maxBytes int64, transfers Transfers) (*cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the input cache: %w", osfault.Explain(dir, err))
	}
	// A file that a killed daemon was fetching is continued if a fetch can do that. Others
	// would not be evicted.
	leftovers, err := filepath.Glob(filepath.Join(dir, transfer.PartialPattern))
	for _, path := range leftovers {
		if _, continued := transfer.PartialOf(filepath.Base(path)); !continued {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot clear the input cache: %w", osfault.Explain(dir, err))
	}
	return &cache{
		dir: dir, maxBytes: maxBytes, transfers: transfers,
		users: map[blob.Digest]int{}, fetching: map[string]chan struct{}{}, arriving: map[blob.Digest]int{},
	}, nil
}

func (c *cache) path(d blob.Digest) string { return filepath.Join(c.dir, d.String()) }

// take returns the path of a file with some content, which it fetches from the first address
// that has it. The file is kept until give is called.
func (c *cache) take(ctx context.Context, d blob.Digest, size int64, addresses []string) (string, error) {
	from := d.String() + "\x00" + strings.Join(addresses, "\x00")
	if err := c.lock(ctx, d, from); err != nil {
		return "", err
	}
	path := c.path(d)
	err := c.fetch(ctx, d, size, addresses, path)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.fetching[from])
	delete(c.fetching, from)
	if c.arriving[d]--; c.arriving[d] == 0 {
		delete(c.arriving, d)
	}
	if err != nil {
		return "", err
	}
	c.users[d]++
	c.evict()
	return path, nil
}

// lock waits until no other fetch of d from the same servers is running.
func (c *cache) lock(ctx context.Context, d blob.Digest, from string) error {
	for {
		c.mu.Lock()
		busy, taken := c.fetching[from]
		if !taken {
			c.fetching[from] = make(chan struct{})
			c.arriving[d]++
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-busy:
		}
	}
}

func (c *cache) fetch(ctx context.Context, d blob.Digest, size int64, addresses []string, path string) error {
	if found, held := c.holds(ctx, d, path); held {
		return sized(size, found)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var failures []error
	for _, address := range addresses {
		n, err := c.transfers.FetchFile(ctx, address, d, size, path)
		if err == nil {
			now := time.Now()
			if mark, err := markVerified(path, now); err == nil {
				keepVerified(path, mark, now)
			}
			return sized(size, n)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// sized returns an error if the size of the content is not the size in the job. The file is
// kept, because its digest is correct and another job may be using it.
func sized(want, found int64) error {
	if want != found {
		return fmt.Errorf("%w: expected %d bytes, found %d", transfer.ErrWrongDigest, want, found)
	}
	return nil
}

// holds reports whether the file is complete, and returns its size. It computes the digest again
// unless that was done lately and the file is as it was then.
func (c *cache) holds(ctx context.Context, d blob.Digest, path string) (int64, bool) {
	now := time.Now()
	if v, ok := readVerified(path, now); ok {
		// The record says when the file was last used, as well as it can.
		_ = os.Chtimes(path+verifiedSuffix, now, now)
		return v.Size, true
	}
	return verify(ctx, d, path, now)
}

// give records that one user of d no longer needs the file.
func (c *cache) give(d blob.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users[d]--; c.users[d] <= 0 {
		delete(c.users, d)
	}
}

// shrink deletes every file that is not in use.
func (c *cache) shrink() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evictTo(0)
}

// evict deletes unused files until their total size is within the bound of the cache. It
// begins with those that have not been used for the longest time.
func (c *cache) evict() {
	if c.maxBytes > 0 {
		c.evictTo(c.maxBytes)
	}
}

// evictTo deletes unused files until the unused files have at most the given number of bytes.
// It begins with those that have not been used for the longest time.
func (c *cache) evictTo(most int64) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	type unused struct {
		path string
		size int64
		at   time.Time
	}
	var total int64
	var candidates []unused
	for _, entry := range entries {
		d, known := contentOf(entry.Name())
		if !known || c.users[d] > 0 || c.arriving[d] > 0 || c.needed[d] {
			continue
		}
		stat, err := entry.Info()
		if err != nil {
			continue
		}
		path, at := filepath.Join(c.dir, entry.Name()), stat.ModTime()
		if record, err := os.Lstat(path + verifiedSuffix); err == nil {
			at = record.ModTime()
		}
		total += stat.Size()
		candidates = append(candidates, unused{path, stat.Size(), at})
	}
	slices.SortFunc(candidates, func(x, y unused) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.path, y.path)) })
	for _, file := range candidates {
		if total <= most {
			return
		}
		if os.Remove(file.path) == nil {
			total -= file.size
			_ = os.Remove(file.path + verifiedSuffix) // it says nothing about another file
		}
	}
}

// contentOf returns the content that a file of the cache has, whole or in part.
func contentOf(name string) (blob.Digest, bool) {
	if d, partial := transfer.PartialOf(name); partial {
		return d, true
	}
	d, err := blob.ParseDigest(name)
	return d, err == nil
}

// need replaces what is kept for assignments that have not taken their files yet.
func (c *cache) need(needed map[blob.Digest]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.needed = needed
}
