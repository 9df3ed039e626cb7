package devnet

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/protobuf/encoding/protojson"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// maxStatusBytes bounds the answer of a daemon.
const maxStatusBytes = 1 << 20

// Status asks the API of the node's daemon what the node does. It fails while the daemon does not
// answer.
func (n Node) Status(ctx context.Context) (*sidecarv1.StatusResponse, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.API()+"/v1/status", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("status of %s: %w", n.Name, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxStatusBytes))
	if err != nil {
		return nil, fmt.Errorf("status of %s: %w", n.Name, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status of %s: expected an answer with 200, found %s: %s", n.Name, answer.Status, text)
	}
	status := &sidecarv1.StatusResponse{}
	if err := protojson.Unmarshal(text, status); err != nil {
		return nil, fmt.Errorf("status of %s: %w", n.Name, err)
	}
	return status, nil
}
