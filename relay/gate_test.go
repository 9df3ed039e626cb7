package relay

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

// fakeLedger is a chain whose workers sign with ed25519.
type fakeLedger struct {
	mu    sync.Mutex
	tasks map[taskKey]Task
	down  error
	asked int
	// until is when the last question was over at the latest.
	until time.Time
	// wait, if there, holds answers back until it is closed.
	wait chan struct{}
}

func (l *fakeLedger) Task(ctx context.Context, job string, task uint64, ended int64) (Task, error) {
	l.mu.Lock()
	l.asked++
	l.until, _ = ctx.Deadline()
	found, known := l.tasks[taskKey{job, task, ended}]
	down, wait := l.down, l.wait
	l.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return Task{}, ctx.Err()
		}
	}
	if down != nil {
		return Task{}, down
	}
	if !known {
		return Task{}, ErrNoTask
	}
	return found, nil
}

func (l *fakeLedger) Worker(key, message, signature []byte) (string, error) {
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, message, signature) {
		return "", errors.New("bad signature")
	}
	return fmt.Sprintf("worker-%x", key[:4]), nil
}

func (l *fakeLedger) questions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// workerKey signs, and keeps what it has signed.
type workerKey struct {
	private ed25519.PrivateKey
	signed  [][]byte
}

func newWorkerKey(seed byte) *workerKey {
	return &workerKey{private: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k *workerKey) Public() []byte { return k.private.Public().(ed25519.PublicKey) }

func (k *workerKey) Sign(message []byte) ([]byte, error) {
	k.signed = append(k.signed, message)
	return ed25519.Sign(k.private, message), nil
}

func (k *workerKey) name() string { return fmt.Sprintf("worker-%x", k.Public()[:4]) }

// gated is a relay with a chain, on which one worker works on job "1-0-0" for a box.
type gated struct {
	*relay
	ledger *fakeLedger
	worker *workerKey
	token  blob.Token
	box    string
}

const testChain, testJob = "theta-test-1", "1-0-0"

func startGated(t *testing.T, edit func(*Config)) *gated {
	t.Helper()
	g := &gated{ledger: &fakeLedger{tasks: map[taskKey]Task{}}, worker: newWorkerKey(1)}
	g.relay = startRelay(t, trustLoopback(func(c *Config) {
		c.Ledger = g.ledger
		if edit != nil {
			edit(c)
		}
	}))
	g.token, g.box = newBox(t)
	g.work(testJob, g.client.BoxURL(g.box), g.worker)
	return g
}

// work has the chain show some workers at work on a job whose results go to a sink.
func (g *gated) work(job, sink string, workers ...*workerKey) {
	g.ledger.mu.Lock()
	defer g.ledger.mu.Unlock()
	task := Task{Chain: testChain, Sinks: []string{sink}, OutputBytes: 100, Workers: map[string]string{}}
	for i, worker := range workers {
		task.Workers[worker.name()] = fmt.Sprintf("operator of %s, %d", worker.name(), i)
	}
	g.ledger.tasks[taskKey{job, 0, 0}] = task
}

// deliver uploads content as a worker does for a task of a job.
func (g *gated) deliver(t *testing.T, worker *workerKey, job, content string) error {
	t.Helper()
	address := g.client.BoxURL(g.box) + "/" + blob.DigestOf([]byte(content)).String()
	_, err := g.client.PutTo(t.Context(), address, strings.NewReader(content), int64(len(content)), &blob.Work{Chain: testChain, Job: job, Signer: worker})
	return err
}

func TestOnlyWhoWorksForABoxAddsToIt(t *testing.T) {
	g := startGated(t, nil)
	require.NoError(t, g.deliver(t, g.worker, testJob, "the result"))
	for i := range 200 {
		require.Equal(t, http.StatusForbidden, g.putDrop(t, g.box, fmt.Sprintf("10.%d.0.1", i), fmt.Sprint("junk ", i)), "a stranger, from any number of addresses")
	}
	stranger := newWorkerKey(2)
	require.ErrorIs(t, g.deliver(t, stranger, testJob, "junk"), transfer.ErrForbidden, "a key that the chain does not show at work")
	require.ErrorIs(t, g.deliver(t, stranger, "9-9-9", "junk"), transfer.ErrForbidden, "a job that is not there")
	_, other := newBox(t)
	g.work("2-0-0", g.client.BoxURL(other), stranger)
	require.ErrorIs(t, g.deliver(t, stranger, "2-0-0", "junk"), transfer.ErrForbidden, "a job whose results go elsewhere")
	g.work("3-0-0", strings.Replace(g.client.BoxURL(g.box), "127.0.0.1", "elsewhere.example", 1), stranger)
	require.ErrorIs(t, g.deliver(t, stranger, "3-0-0", "junk"), transfer.ErrForbidden, "a job whose results go to another relay's box of this name")

	drops, err := g.client.ListDrops(t.Context(), g.token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
}

func TestATaskOfAnArrayHasItsOwnBox(t *testing.T) {
	g := startGated(t, nil)
	g.work(testJob, g.client.BoxURL(g.box)+"/tasks/0", g.worker)
	put := func(path string) error {
		content := "result"
		address := g.client.BoxURL(g.box) + path + blob.DigestOf([]byte(content)).String()
		_, err := g.client.PutTo(t.Context(), address, strings.NewReader(content), int64(len(content)), &blob.Work{Chain: testChain, Job: testJob, Signer: g.worker})
		return err
	}
	require.NoError(t, put("/tasks/0/"))
	require.ErrorIs(t, put("/tasks/1/"), transfer.ErrForbidden)
	require.ErrorIs(t, put("/"), transfer.ErrForbidden)
	drops, err := g.client.ForTask(0).ListDrops(t.Context(), g.token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
}

// A signature is for one content, box, relay, chain and day.
func TestASignatureServesNothingElse(t *testing.T) {
	g := startGated(t, nil)
	content := []byte("the result")
	digest := blob.DigestOf(content)
	u, err := url.Parse(g.client.BoxURL(g.box) + "/" + digest.String())
	require.NoError(t, err)
	work := &blob.Work{Chain: testChain, Job: testJob, Signer: g.worker}
	now := g.clock.Now()
	send := func(pass string, body []byte) int {
		res, _ := g.request(t, http.MethodPut, "/v1/drops/"+g.box+"/"+blob.DigestOf(body).String(), body, http.Header{blob.PassHeader: {pass}})
		return res.StatusCode
	}
	made := func(work *blob.Work, u *url.URL, size int64, at time.Time) string {
		pass, err := work.Sign(u, digest, size, at)
		require.NoError(t, err)
		return pass
	}
	good := made(work, u, int64(len(content)), now)
	require.Equal(t, http.StatusForbidden, send(good, []byte("another result")), "other content")
	require.Equal(t, http.StatusForbidden, send(made(work, u, 3, now), content), "another size")
	elsewhere := *u
	elsewhere.Host = "relay.example"
	require.Equal(t, http.StatusForbidden, send(made(work, &elsewhere, int64(len(content)), now), content), "another relay")
	below := *u
	below.Path = strings.Replace(u.Path, g.box, g.box+"/tasks/1", 1)
	require.Equal(t, http.StatusForbidden, send(made(work, &below, int64(len(content)), now), content), "another box")
	other := *work
	other.Chain = "theta-other-1"
	require.Equal(t, http.StatusForbidden, send(made(&other, u, int64(len(content)), now), content), "another chain")
	require.Equal(t, http.StatusForbidden, send(made(work, u, int64(len(content)), now.Add(-blob.PassLife)), content), "a day ago")
	require.Equal(t, http.StatusForbidden, send(made(work, u, int64(len(content)), now.Add(blob.PassLife+time.Minute)), content), "more than a day ahead")
	for _, broken := range []string{
		"x", strings.Repeat("x", 1025), strings.Replace(good, "theta.upload/1", "theta.upload/2", 1), good + " x",
		strings.Replace(good, testJob, "2-0-0", 1), strings.Replace(good, " 0 ", " 1 ", 1), strings.Replace(good, " 0 ", " -1 ", 1), strings.Replace(good, " 0 0 ", " 0 7 ", 1),
		good[:len(good)-8] + "AAAAAAA=", strings.Replace(good, testJob, strings.Repeat("1", 129), 1),
	} {
		require.Equal(t, http.StatusForbidden, send(broken, content), "%.60s", broken)
	}
	require.LessOrEqual(t, g.ledger.questions(), 1, "nobody is asked before the signature is right")
	require.Equal(t, http.StatusCreated, send(good, content))
	require.Equal(t, http.StatusCreated, send(made(work, u, int64(len(content)), now.Add(-blob.PassLife+time.Minute)), content), "clocks may differ by a day")

	// A message that a worker signs here cannot serve as a transaction: those begin with a field
	// of protobuf or with a brace.
	for _, message := range g.worker.signed {
		require.True(t, bytes.HasPrefix(message, []byte("theta.upload/1\n")), "%s", message)
	}
}

func TestRelaysThatKnowTheirNameTakeNoOther(t *testing.T) {
	g := startGated(t, func(c *Config) { c.Audiences = []string{"relay.example"} })
	require.ErrorIs(t, g.deliver(t, g.worker, testJob, "the result"), transfer.ErrForbidden)
	content := []byte("the result")
	u, err := url.Parse("https://relay.example:443/v1/drops/" + g.box + "/" + blob.DigestOf(content).String())
	require.NoError(t, err)
	g.work(testJob, "https://relay.example/v1/drops/"+g.box, g.worker)
	g.clock.advance(time.Minute)
	pass, err := (&blob.Work{Chain: testChain, Job: testJob, Signer: g.worker}).Sign(u, blob.DigestOf(content), int64(len(content)), g.clock.Now())
	require.NoError(t, err)
	res, text := g.request(t, http.MethodPut, "/v1/drops/"+g.box+"/"+blob.DigestOf(content).String(), content, http.Header{blob.PassHeader: {pass}})
	require.Equal(t, http.StatusCreated, res.StatusCode, text)
}

// One node may bring as much for a task as the job's spec allows, after a restart too. A box
// has that room for each node, so that none takes the room of another.
func TestEachNodeHasItsOwnRoomForATask(t *testing.T) {
	g := startGated(t, func(c *Config) { c.BoxCount = 3 })
	second := newWorkerKey(2)
	g.work(testJob, g.client.BoxURL(g.box), g.worker, second)
	for _, content := range []string{"a", "b", "c"} {
		require.NoError(t, g.deliver(t, g.worker, testJob, content))
	}
	require.ErrorIs(t, g.deliver(t, g.worker, testJob, "d"), transfer.ErrBusy)
	require.NoError(t, g.deliver(t, g.worker, testJob, "a"), "a retry costs nothing")
	require.NoError(t, g.relay.stop())
	g.relay = startRelayAt(t, g.cfg, g.clock)
	g.work(testJob, g.client.BoxURL(g.box), g.worker, second)
	require.ErrorContains(t, g.deliver(t, g.worker, testJob, "e"), "at most 3 files", "after a restart")
	for _, content := range []string{"a", "f", "g"} {
		require.NoError(t, g.deliver(t, second, testJob, content))
	}
	require.ErrorIs(t, g.deliver(t, second, testJob, "h"), transfer.ErrBusy)

	large := strings.Repeat("x", 3*manifestBytes+manifestLeast+streamsBytes+101)
	g.work("2-0-0", g.client.BoxURL(g.box), g.worker)
	require.ErrorContains(t, g.deliver(t, g.worker, "2-0-0", large), "as its job allows")
	require.NoError(t, g.deliver(t, g.worker, "2-0-0", large[1:]))
}

// The streams that a program prints do not count towards the outputs that its job bounds, and
// are delivered together with as much output as the job allows.
func TestWhatAProgramPrintsHasRoomBesideItsOutputs(t *testing.T) {
	g := startGated(t, nil)
	for _, stream := range []byte{1, 2} {
		require.NoError(t, g.deliver(t, g.worker, testJob, string(bytes.Repeat([]byte{stream}, 1<<20))))
	}
	require.NoError(t, g.deliver(t, g.worker, testJob, strings.Repeat("x", 100)))
	require.NoError(t, g.deliver(t, g.worker, testJob, strings.Repeat("m", 3*manifestBytes)))
}

// Any requester can name the box of another in their own job. The results of that job are not
// listed when the other asks for the results of one job.
func TestAJobOfAnotherHidesNoResult(t *testing.T) {
	g := startGated(t, func(c *Config) { c.BoxCount = 3 })
	stranger := newWorkerKey(2)
	for i := range 5 {
		job := fmt.Sprintf("7-0-%d", i)
		g.work(job, g.client.BoxURL(g.box), stranger)
		for n := range 3 {
			require.NoError(t, g.deliver(t, stranger, job, fmt.Sprint(job, n)))
		}
	}
	require.NoError(t, g.deliver(t, g.worker, testJob, "the result"))
	all, err := g.client.ListDrops(t.Context(), g.token)
	require.NoError(t, err)
	require.Len(t, all, 16)
	own, err := g.client.ForJob(testJob).ListDrops(t.Context(), g.token)
	require.NoError(t, err)
	require.Len(t, own, 1)
	require.Equal(t, blob.DigestOf([]byte("the result")), own[0].Digest)
}

// One operator has a share of the relay, and no more, however many jobs it has.
func TestAnOperatorLeavesRoomForTheNext(t *testing.T) {
	g := startGated(t, func(c *Config) { c.MaxFiles, c.BoxCount, c.DropPercent = 100, 10, 100 })
	stranger := newWorkerKey(2)
	sent := 0
	for i := range 20 {
		job := fmt.Sprintf("7-0-%d", i)
		g.work(job, g.client.BoxURL(g.box), stranger)
		for n := range 10 {
			if g.deliver(t, stranger, job, fmt.Sprint(job, " ", n)) == nil {
				sent++
			}
		}
	}
	require.Equal(t, 1+25, sent, "its floor, and half of what all may have above that")
	require.NoError(t, g.deliver(t, g.worker, testJob, "the result"))
}

// Questions to the chain are few, whatever comes in.
func TestAFloodOfKeysIsNoFloodOfQuestions(t *testing.T) {
	g := startGated(t, nil)
	for i := range 50 {
		require.ErrorIs(t, g.deliver(t, newWorkerKey(byte(2+i)), testJob, "junk"), transfer.ErrForbidden)
	}
	require.Equal(t, 1, g.ledger.questions(), "one answer serves all keys of a task")
	for range 20 {
		require.NoError(t, g.deliver(t, g.worker, testJob, "the result"))
	}
	require.Equal(t, 1, g.ledger.questions())

	// Jobs that are not there: one question each, until the network has had its share.
	stranger := newWorkerKey(99)
	asked := func() int {
		before := g.ledger.questions()
		for i := range 200 {
			require.Error(t, g.deliver(t, stranger, fmt.Sprintf("%d-0-0", 1000+i), "junk"))
		}
		return g.ledger.questions() - before
	}
	require.LessOrEqual(t, asked(), lookupBurst/lookupMiss+1)
	require.NoError(t, g.deliver(t, g.worker, testJob, "more"), "what is known needs no question")
	require.LessOrEqual(t, len(g.gate.known), maxKnownTasks)
	require.Equal(t, len(g.gate.known), g.gate.recent.Len())
}

// A node may deliver before this relay's node has the block that shows its commitment.
func TestWhoComesEarlyIsLetInOnceTheChainShowsIt(t *testing.T) {
	g := startGated(t, nil)
	late := newWorkerKey(2)
	require.ErrorIs(t, g.deliver(t, late, testJob, "result"), transfer.ErrForbidden)
	g.work(testJob, g.client.BoxURL(g.box), g.worker, late)
	require.ErrorIs(t, g.deliver(t, late, testJob, "result"), transfer.ErrForbidden, "just asked")
	g.clock.advance(taskStale)
	require.NoError(t, g.deliver(t, late, testJob, "result"))
	require.Equal(t, 2, g.ledger.questions())
	// And a node that is not at work any more is not admitted any more, after a while.
	g.work(testJob, g.client.BoxURL(g.box), g.worker)
	require.NoError(t, g.deliver(t, late, testJob, "more"))
	g.clock.advance(taskFresh)
	require.ErrorIs(t, g.deliver(t, late, testJob, "still more"), transfer.ErrForbidden)
}

// While the chain cannot be asked, boxes are shared by address, as on a relay without --node.
func TestAChainThatIsAwayKeepsNobodyFromDelivering(t *testing.T) {
	g := startGated(t, nil)
	require.Equal(t, http.StatusForbidden, g.putDrop(t, g.box, "203.0.113.1", "junk"))
	g.ledger.mu.Lock()
	g.ledger.down = errors.New("no answer")
	g.ledger.mu.Unlock()
	require.NoError(t, g.deliver(t, g.worker, testJob, "the result"))
	require.Equal(t, http.StatusCreated, g.putDrop(t, g.box, "203.0.113.1", "from an address"))
	require.Equal(t, 1, g.ledger.questions(), "it is left alone for a while")
	g.clock.advance(lookupRest)
	g.ledger.mu.Lock()
	g.ledger.down = nil
	g.ledger.mu.Unlock()
	require.NoError(t, g.deliver(t, g.worker, testJob, "more"))
	require.Equal(t, http.StatusForbidden, g.putDrop(t, g.box, "203.0.113.1", "junk"))
}

// A chain that answers slowly is asked by a few at once, and once for a task.
func TestFewQuestionsAreUnderWayAtOnce(t *testing.T) {
	g := startGated(t, nil)
	g.ledger.wait = make(chan struct{})
	var uploads sync.WaitGroup
	errs := make(chan error, 10)
	for range cap(errs) {
		uploads.Go(func() { errs <- g.deliver(t, &workerKey{private: g.worker.private}, testJob, "the result") })
	}
	for i := range 2 * maxLookups {
		uploads.Go(func() { _ = g.deliver(t, newWorkerKey(2), fmt.Sprintf("%d-0-0", 1000+i), "junk") })
	}
	require.Eventually(t, func() bool { return len(g.gate.asking) == maxLookups }, 20*time.Second, time.Millisecond)
	require.LessOrEqual(t, g.ledger.questions(), maxLookups)
	close(g.ledger.wait)
	uploads.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

// A client that makes the relay ask much makes the next one wait for its turn. The relay must
// not take that for a fault of the chain, or a stranger could open all boxes to all clients.
func TestAQuestionHasItsWholeTimeOnceItIsAsked(t *testing.T) {
	g := startGated(t, nil)
	for range maxLookups {
		g.gate.asking <- struct{}{}
	}
	delivered := make(chan error, 1)
	go func() { delivered <- g.deliver(t, g.worker, testJob, "the result") }()
	require.Eventually(t, func() bool {
		g.gate.mu.Lock()
		defer g.gate.mu.Unlock()
		known := g.gate.known[taskKey{job: testJob}]
		return known != nil && known.Value.(*knownTask).asked != nil
	}, lookupLimit, time.Millisecond)
	time.Sleep(10 * time.Millisecond) // what would be taken off, were it counted
	free := time.Now()
	<-g.gate.asking
	require.NoError(t, <-delivered)
	require.False(t, g.ledger.until.Before(free.Add(lookupLimit)), "what it has waited is not taken off")
	require.False(t, g.gate.rests())
}
