package adversary

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// maxUpload bounds what a node may put into the sink, in bytes.
const maxUpload = 1 << 20

// content serves programs and inputs, and accepts outputs. A hostile requester adds its own
// handler for what it does to nodes that fetch.
type content struct {
	server *http.Server
	base   string

	mu      sync.Mutex
	blobs   map[string][]byte
	special map[string]http.HandlerFunc
	// puts counts the uploads to each path of the sink.
	puts map[string]int
}

// newContent listens on a port of this machine.
func newContent() (*content, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &content{
		base:  "http://" + listener.Addr().String(),
		blobs: make(map[string][]byte), special: make(map[string]http.HandlerFunc), puts: make(map[string]int),
	}
	c.server = &http.Server{Handler: c, ReadTimeout: 30 * time.Second}
	go func() { _ = c.server.Serve(listener) }()
	return c, nil
}

// sink returns the address to which nodes upload outputs.
func (c *content) sink() string { return c.base + "/sink" }

// blob serves some bytes and returns the reference by which a job names them.
func (c *content) blob(raw []byte) computetypes.Blob {
	sum := sha256.Sum256(raw)
	path := "/" + hex.EncodeToString(sum[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blobs[path] = raw
	return computetypes.Blob{Sha256: sum[:], Size_: uint64(len(raw)), Uris: []string{c.base + path}}
}

// withheld returns a reference to some bytes under a path; serve decides how the path is
// served.
func (c *content) withheld(path string, raw []byte, serve http.HandlerFunc) computetypes.Blob {
	sum := sha256.Sum256(raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.special[path] = serve
	return computetypes.Blob{Sha256: sum[:], Size_: uint64(len(raw)), Uris: []string{c.base + path}}
}

// delivered counts the uploads of nodes below a URL of the sink.
func (c *content) delivered(sink string) int {
	below := strings.TrimPrefix(sink, c.base) + "/"
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for path, puts := range c.puts {
		if strings.HasPrefix(path, below) {
			n += puts
		}
	}
	return n
}

// ServeHTTP implements http.Handler.
func (c *content) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/sink/") {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxUpload))
		c.mu.Lock()
		c.puts[r.URL.Path]++
		c.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		return
	}
	c.mu.Lock()
	raw, found := c.blobs[r.URL.Path]
	serve := c.special[r.URL.Path]
	c.mu.Unlock()
	switch {
	case serve != nil:
		serve(w, r)
	case found:
		_, _ = w.Write(raw)
	default:
		http.NotFound(w, r)
	}
}

func (c *content) close() error { return c.server.Close() }
