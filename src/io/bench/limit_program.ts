/**
 * `limit.c`: the limit of a machine as a program in C, in text, so that it comes along however seameet was started.
 *
 * `limit.ts` compiles and runs it.
 */
export const LIMIT_PROGRAM: string = String.raw`/*
 * The limit of this machine: how many packets per second one core can encrypt and send to N receivers when nothing else
 * is done. A key, a cipher context and an address for each receiver, AES-128-GCM by libcrypto, sendmmsg; every datagram is
 * received and counted by another process on another core.
 *
 * limit count                       opens a port on all of 127.0.0.0/8, prints {"port":N}; for each line it reads it prints
 *                                   {"received":N}, once nothing comes any more; ends with its input
 * limit send RECEIVERS PACKETS PAYLOAD_BYTES PORT
 *                                   prints packets sent, seconds of wall clock and of this thread's processor, as JSON
 *
 * Build: cc -O2 -pthread -o limit limit.c -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 128, CAPACITY = 1664, HEADER = 20, TAG = 16, NONCE = 12, BUFFER = 4 * 1024 * 1024 };

struct receiver {
  EVP_CIPHER_CTX *context;
  struct sockaddr_in address;
  unsigned char salt[NONCE];
};

static atomic_long received;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  /* A machine with one core, or a container that forbids it: the figure says less, the packets are counted all the same. */
  sched_setaffinity(0, sizeof set, &set);
}

static int open_socket(in_addr_t at, struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int size = BUFFER;
  socklen_t length = sizeof *address;
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(at);
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) != 0) fail("socket");
  if (getsockname(fd, (struct sockaddr *)address, &length) != 0) fail("getsockname");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return fd;
}

/* Receives and counts for ever. */
static void *receive(void *argument) {
  int fd = *(int *)argument;
  static unsigned char bytes[BATCH][2048];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  pin(1);
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (n > 0) atomic_fetch_add(&received, n);
  }
  return NULL;
}

static int count(void) {
  struct sockaddr_in address;
  int fd = open_socket(INADDR_ANY, &address);
  pthread_t thread;
  pthread_create(&thread, NULL, receive, &fd);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    struct timespec patience = {0, 50000000};
    long before;
    do {
      before = atomic_load(&received);
      nanosleep(&patience, NULL);
    } while (atomic_load(&received) != before);
    printf("{\"received\":%ld}\n", atomic_exchange(&received, 0));
    fflush(stdout);
  }
  return 0;
}

static void seal(struct receiver *to, unsigned char *packet, int length, unsigned sequence) {
  unsigned char nonce[NONCE];
  int moved;
  memcpy(nonce, to->salt, NONCE);
  nonce[8] ^= (unsigned char)(sequence >> 24);
  nonce[9] ^= (unsigned char)(sequence >> 16);
  nonce[10] ^= (unsigned char)(sequence >> 8);
  nonce[11] ^= (unsigned char)sequence;
  if (EVP_EncryptInit_ex(to->context, NULL, NULL, NULL, nonce) != 1 ||
      EVP_EncryptUpdate(to->context, NULL, &moved, packet, HEADER) != 1 ||
      EVP_EncryptUpdate(to->context, packet + HEADER, &moved, packet + HEADER, length - HEADER) != 1 ||
      EVP_EncryptFinal_ex(to->context, packet + length, &moved) != 1 ||
      EVP_CIPHER_CTX_ctrl(to->context, EVP_CTRL_AEAD_GET_TAG, TAG, packet + length) != 1)
    fail("libcrypto");
}

static double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int send_all(int receivers, long packets, int length, int port) {
  struct sockaddr_in own;
  int out = open_socket(INADDR_LOOPBACK, &own);
  pin(0);
  struct receiver *to = calloc((size_t)receivers, sizeof *to);
  if (to == NULL) fail("calloc");
  for (int i = 0; i < receivers; i++) {
    unsigned char key[16] = {2, (unsigned char)i, (unsigned char)(i >> 8)};
    to[i].context = EVP_CIPHER_CTX_new();
    to[i].address.sin_family = AF_INET;
    to[i].address.sin_port = htons((unsigned short)port);
    to[i].address.sin_addr.s_addr = htonl(0x7f010000u + (unsigned)i + 1);
    to[i].salt[0] = (unsigned char)i;
    if (EVP_EncryptInit_ex(to[i].context, EVP_aes_128_gcm(), NULL, key, NULL) != 1) fail("libcrypto");
  }
  static unsigned char bytes[BATCH][CAPACITY];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){bytes[i], (size_t)(length + TAG)};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_namelen = sizeof to[0].address;
  }

  double wall = seconds(CLOCK_MONOTONIC), busy = seconds(CLOCK_THREAD_CPUTIME_ID);
  long sent = 0;
  unsigned sequence = 0;
  int next = 0;
  while (sent < packets) {
    int n = packets - sent < BATCH ? (int)(packets - sent) : BATCH;
    for (int i = 0; i < n; i++) {
      seal(&to[next], bytes[i], length, sequence);
      messages[i].msg_hdr.msg_name = &to[next].address;
      if (++next == receivers) next = 0, sequence++;
    }
    for (int done = 0; done < n;) {
      int m = sendmmsg(out, messages + done, (unsigned)(n - done), 0);
      if (m > 0) done += m;
      else if (errno != EINTR && errno != EAGAIN) fail("sendmmsg");
    }
    sent += n;
  }
  wall = seconds(CLOCK_MONOTONIC) - wall;
  busy = seconds(CLOCK_THREAD_CPUTIME_ID) - busy;
  printf("{\"sent\":%ld,\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n", sent, wall, busy);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "count") == 0) return count();
  if (argc == 6 && strcmp(argv[1], "send") == 0) {
    int receivers = atoi(argv[2]), length = HEADER + atoi(argv[4]), port = atoi(argv[5]);
    long packets = atol(argv[3]);
    if (receivers >= 1 && receivers < 65536 && packets >= 1 && length > HEADER && length <= CAPACITY - TAG && port > 0)
      return send_all(receivers, packets, length, port);
  }
  fprintf(stderr, "usage: limit count | limit send RECEIVERS PACKETS PAYLOAD_BYTES PORT\n");
  return 2;
}
`;
