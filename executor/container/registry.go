package container

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
)

// accepted are the formats of manifests that are read.
const accepted = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

// errRegistry means that the registry did not serve what the program names.
var errRegistry = fmt.Errorf("%w: the registry", executor.ErrUnavailable)

// registry fetches one image. It does not leave that to the engine, which would follow redirects to servers that
// the owner has not allowed and would unpack without a bound.
type registry struct {
	cfg   *Config
	from  reference
	dir   string
	token string
	// left is how many bytes may still be fetched.
	left uint64
}

// fromRegistry lends the image that a program names on a registry.
func (s *images) fromRegistry(ctx context.Context, program *Program) (*lent, error) {
	from, err := parseReference(program.Image)
	if err != nil {
		return nil, err
	}
	done, err := s.alone(ctx, from.digest)
	if err != nil {
		return nil, err
	}
	defer done()
	if found, err := s.lend(ctx, program, func() (*kept, error) { return s.known(ctx, from.digest) }); err != nil || found != nil {
		return found, err
	}
	if s.cfg.HTTP == nil {
		return nil, fmt.Errorf("%w: this node fetches no images from registries; send the image as an input of the job", executor.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.FetchTime, fmt.Errorf("%w did not send the image within %s", errRegistry, s.cfg.FetchTime))
	defer cancel()
	dir, err := os.MkdirTemp(s.cfg.Dir, fetching)
	if err != nil {
		return nil, osfault.Explain(s.cfg.Dir, err)
	}
	defer func() {
		// The next start of the daemon removes it again. The image itself is there.
		if failed := os.RemoveAll(dir); failed != nil {
			s.cfg.Logger.Warn("what was fetched of an image is removed later", "error", failed)
		}
	}()
	r := &registry{cfg: s.cfg, from: from, dir: dir, left: s.cfg.MaxImageBytes}
	i, err := r.image(ctx)
	if err != nil {
		return nil, err
	}
	// The digest that the program names may be that of an index.
	i.manifest = from.digest
	return s.lendVerified(ctx, i, program)
}

// known returns the image in the engine with a digest, or nil.
func (s *images) known(ctx context.Context, digest string) (*kept, error) {
	all, err := s.records()
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if k.Manifest != digest && k.ID != digest {
			continue
		}
		if there, err := s.there(ctx, k.ID); err != nil || there {
			return &k, err
		}
	}
	return nil, nil //nolint:nilnil // no image is no error
}

// image fetches the manifest, the configuration and the layers of the image.
func (r *registry) image(ctx context.Context) (*image, error) {
	content, err := r.fetch(ctx, "manifests", r.from.digest, maxDocumentBytes)
	if err != nil {
		return nil, err
	}
	manifest, err := os.ReadFile(content)
	if err != nil {
		return nil, err
	}
	open := func(digest string) (func() (io.ReadCloser, error), error) {
		return func() (io.ReadCloser, error) { return r.open(ctx, digest) }, nil
	}
	return imageOf(manifest, r.from.digest, runtime.GOARCH, open)
}

// open returns a blob from the disk and fetches it before that if it is not there.
func (r *registry) open(ctx context.Context, digest string) (io.ReadCloser, error) {
	path := filepath.Join(r.dir, digest)
	if file, err := os.Open(path); err == nil {
		return file, nil
	}
	// Manifests below an index are not blobs to a registry, and nothing in a descriptor says which it is.
	if _, err := r.fetch(ctx, "blobs", digest, r.left); err != nil {
		if _, second := r.fetch(ctx, "manifests", digest, maxDocumentBytes); second != nil {
			return nil, err
		}
	}
	return os.Open(path)
}

// fetch writes a blob or a manifest to the disk and compares its digest. It returns the path.
func (r *registry) fetch(ctx context.Context, kind, digest string, most uint64) (path string, err error) {
	if err := r.cfg.room(); err != nil {
		return "", err
	}
	answer, err := r.get(ctx, kind, digest)
	if err != nil {
		return "", err
	}
	defer answer.Close() //nolint:errcheck // read only
	path = filepath.Join(r.dir, digest)
	file, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", osfault.Explain(path, err)
	}
	hash := sha256.New()
	most = min(most, r.left)
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(answer, int64(min(most, 1<<62))+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("%w did not send sha256:%s: %w", errRegistry, digest, err)
	}
	if uint64(size) > most {
		return "", errTooLarge
	}
	r.left -= uint64(size)
	if found := hex.EncodeToString(hash.Sum(nil)); found != digest {
		return "", fmt.Errorf("%w sent content with digest sha256:%s, expected sha256:%s", errRegistry, found, digest)
	}
	return path, os.Rename(path+".part", path)
}

// get asks the registry for something, and once more with a token if it wants one.
func (r *registry) get(ctx context.Context, kind, digest string) (io.ReadCloser, error) {
	address := r.address() + "/v2/" + r.from.repository + "/" + kind + "/sha256:" + digest
	for try := 0; ; try++ {
		answer, err := r.request(ctx, address, r.token)
		if err != nil {
			return nil, err
		}
		switch {
		case answer.status == http.StatusOK:
			return answer, nil
		case answer.status == http.StatusUnauthorized && try == 0:
			err = r.authorize(ctx, answer.challenge)
		default:
			err = fmt.Errorf("%w answers %s with status %d", errRegistry, address, answer.status)
		}
		if err := errors.Join(err, answer.Close()); err != nil {
			return nil, err
		}
	}
}

// address returns the address of the registry. Only one on this machine may be without TLS.
func (r *registry) address() string {
	host := r.from.host
	if host == "docker.io" {
		host = "registry-1.docker.io"
	}
	name := host
	if found, _, err := net.SplitHostPort(host); err == nil {
		name = found
	}
	if ip := net.ParseIP(name); name == "localhost" || ip != nil && ip.IsLoopback() {
		return "http://" + host
	}
	return "https://" + host
}

// authorize gets a token for strangers, as registries of public images give them.
func (r *registry) authorize(ctx context.Context, challenge string) error {
	fields, found := strings.CutPrefix(challenge, "Bearer ")
	values := map[string]string{}
	for _, field := range strings.Split(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		values[name] = strings.Trim(value, `"`)
	}
	realm, err := url.Parse(values["realm"])
	if !found || err != nil || realm.Host == "" {
		return fmt.Errorf("%w wants a password; only public images can be run", errRegistry)
	}
	query := realm.Query()
	query.Set("service", values["service"])
	query.Set("scope", "repository:"+r.from.repository+":pull")
	realm.RawQuery = query.Encode()
	answer, err := r.request(ctx, realm.String(), "")
	if err != nil {
		return err
	}
	defer answer.Close() //nolint:errcheck // read only
	var given struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(answer, maxDocumentBytes)).Decode(&given); err != nil {
		return fmt.Errorf("%w gave no token: %w", errRegistry, err)
	}
	if r.token = given.Token; r.token == "" {
		r.token = given.AccessToken
	}
	return nil
}

// body is an answer that ends if nothing arrives for some time.
type body struct {
	io.ReadCloser
	status    int
	challenge string
	stall     *time.Timer
	time      time.Duration
	cancel    context.CancelCauseFunc
}

func (r *registry) request(ctx context.Context, address, token string) (*body, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stalled := fmt.Errorf("%w sent nothing for %s", errRegistry, r.cfg.StallTime)
	stall := time.AfterFunc(r.cfg.StallTime, func() { cancel(stalled) })
	fail := func(err error) (*body, error) {
		stall.Stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, fmt.Errorf("%w: %w", errRegistry, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("Accept", accepted)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := r.cfg.HTTP.Do(request)
	if err != nil {
		return fail(err)
	}
	return &body{answer.Body, answer.StatusCode, answer.Header.Get("WWW-Authenticate"), stall, r.cfg.StallTime, cancel}, nil
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.stall.Reset(b.time)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.stall.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
