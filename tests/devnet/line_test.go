package devnet

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// echo answers each byte with the same byte.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	return listener.Addr().String()
}

// ask sends a line over a connection and returns the answer.
func ask(conn net.Conn) (string, error) {
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

func dial(t *testing.T, l *line) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestALineThatIsCutCarriesNothingUntilItIsMended(t *testing.T) {
	t.Parallel()
	l, err := openLine(echo(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.close()) }()
	before := dial(t, l)
	answer, err := ask(before)
	require.NoError(t, err)
	require.Equal(t, "hello\n", answer)

	l.cut()
	_, err = ask(before)
	require.Error(t, err, "connections end with the line")
	_, err = ask(dial(t, l))
	require.Error(t, err, "and new ones are not carried")

	l.mend()
	answer, err = ask(dial(t, l))
	require.NoError(t, err)
	require.Equal(t, "hello\n", answer)
}

func TestOnlyNodesWithALineAreCutOff(t *testing.T) {
	t.Parallel()
	d := &Devnet{opts: Options{Lines: true}, ports: ports{grpc: echo(t)}, nodes: []Node{{Name: "edge1"}}}
	require.NoError(t, d.openLines())
	require.NotEqual(t, d.ports.grpc, d.chainOf(d.nodes[0]))
	require.NoError(t, d.Cut("edge1"))
	require.NoError(t, d.Mend("edge1"))
	require.ErrorContains(t, d.Cut("edge2"), `found "edge2"`)
	require.ErrorContains(t, d.Mend("edge2"), `found "edge2"`)
	require.NoError(t, d.lines["edge1"].close())
	require.Equal(t, d.ports.grpc, (&Devnet{ports: d.ports}).chainOf(d.nodes[0]), "without lines, nodes reach the chain itself")
}
