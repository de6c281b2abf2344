/* What a hostile build step would try; each line of output is `name result`. Compiled by the tests, statically. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void tell(const char *name, long result) {
  printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "ok");
  fflush(stdout);
}

static void system_calls(void) {
  char buffer[64];
  uint64_t clone3_arguments[8] = {0, 0, 0, 0, SIGCHLD};
  tell("unshare-user", unshare(CLONE_NEWUSER));
  tell("unshare-mount", unshare(CLONE_NEWNS));
  tell("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  tell("clone3", syscall(SYS_clone3, clone3_arguments, sizeof clone3_arguments));
  tell("keyctl", syscall(SYS_keyctl, 0, -3, 0));
  tell("bpf", syscall(SYS_bpf, 0, buffer, sizeof buffer));
  tell("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  tell("setns", setns(open("/proc/self/ns/uts", O_RDONLY), 0));
  tell("perf", syscall(SYS_perf_event_open, buffer, 0, -1, -1, 0));
  tell("userfaultfd", syscall(SYS_userfaultfd, 0));
  tell("io_uring", syscall(SYS_io_uring_setup, 8, buffer));
  tell("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  tell("vsock", socket(40, SOCK_STREAM, 0));
  tell("inet", socket(AF_INET, SOCK_STREAM, 0));
  tell("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  tell("unknown-call", syscall(1999));
  tell("getpid", syscall(SYS_getpid));
}

static void device(const char *name, int type, int major, int minor) {
  char path[64];
  snprintf(path, sizeof path, "/tmp/device-%s", name);
  tell(name, mknod(path, type | 0600, makedev(major, minor)));
  char label[64];
  snprintf(label, sizeof label, "open-%s", name);
  tell(label, open(path, O_RDWR));
}

static void devices(void) {
  device("disk", S_IFBLK, 254, 0);
  device("loop", S_IFBLK, 7, 0);
  device("memory", S_IFCHR, 1, 1);
  device("null", S_IFCHR, 1, 3);
}

static int gateway(unsigned char *mac, int *index) {
  char line[256];
  int wake = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  inet_pton(AF_INET, "198.18.0.1", &to.sin_addr);
  *index = if_nametoindex("eth0");
  for (int attempt = 0; attempt < 100; attempt++) {
    sendto(wake, "", 0, 0, (struct sockaddr *)&to, sizeof to);
    FILE *table = fopen("/proc/net/arp", "r");
    while (fgets(line, sizeof line, table)) {
      unsigned b[6];
      if (sscanf(line, "198.18.0.1 %*s 0x2 %x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) == 6) {
        for (int i = 0; i < 6; i++) mac[i] = b[i];
        fclose(table);
        return 0;
      }
    }
    fclose(table);
    usleep(20000);
  }
  return -1;
}

static uint16_t sum(const void *data, size_t length, uint32_t start) {
  const uint8_t *bytes = data;
  uint32_t total = start;
  for (size_t i = 0; i + 1 < length; i += 2) total += bytes[i] << 8 | bytes[i + 1];
  if (length & 1) total += bytes[length - 1] << 8;
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return ~total;
}

static void put16(uint8_t *at, uint16_t value) {
  at[0] = value >> 8;
  at[1] = value;
}

/* A UDP datagram in a frame made by hand, which no route of this namespace has a say in. */
static void frame(const char *target, int port) {
  uint8_t packet[128] = {0}, mac[6];
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
  const char *text = target;
  size_t length = strlen(text), udp_length = 8 + length;
  int six = strchr(target, ':') != 0;
  uint8_t *udp = packet + (six ? 40 : 20);
  if (gateway(mac, &to.sll_ifindex)) exit(3);
  memcpy(to.sll_addr, mac, 6);
  to.sll_protocol = htons(six ? ETH_P_IPV6 : ETH_P_IP);
  put16(udp, 40000);
  put16(udp + 2, port);
  put16(udp + 4, udp_length);
  memcpy(udp + 8, text, length);
  if (six) {
    packet[0] = 0x60;
    put16(packet + 4, udp_length);
    packet[6] = 17;
    packet[7] = 64;
    inet_pton(AF_INET6, "fdc5:a31e:71d4:1::100", packet + 8);
    inet_pton(AF_INET6, target, packet + 24);
    put16(udp + 6, sum(packet + 8, 32 + udp_length, udp_length + 17));
  } else {
    packet[0] = 0x45;
    put16(packet + 2, 20 + udp_length);
    packet[8] = 64;
    packet[9] = 17;
    inet_pton(AF_INET, "198.18.0.100", packet + 12);
    inet_pton(AF_INET, target, packet + 16);
    put16(packet + 10, sum(packet, 20, 0));
  }
  int wire = socket(AF_PACKET, SOCK_DGRAM, 0);
  tell(target, sendto(wire, packet, (udp - packet) + udp_length, 0, (struct sockaddr *)&to, sizeof to));
}

static void identity(void) {
  printf("euid %d\nuid %d\n", geteuid(), getuid());
}

int main(int count, char **arguments) {
  if (count == 2 && !strcmp(arguments[1], "system-calls")) system_calls();
  if (count == 2 && !strcmp(arguments[1], "devices")) devices();
  if (count == 2 && !strcmp(arguments[1], "identity")) identity();
  if (count > 3 && !strcmp(arguments[1], "frames"))
    for (int i = 3; i < count; i++) frame(arguments[i], atoi(arguments[2]));
  return 0;
}
