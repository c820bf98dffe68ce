// Prints each frame that comes in on a link as a line of hex, VLAN tag included, until it is killed. Usage: listener LINK
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int listen_on(const char *link) {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), on = 1;
  struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(link) };
  struct packet_mreq all = { .mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) return -1;
  setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all);
  setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
  return fd;
}

static void print(const unsigned char *frame, ssize_t length, const struct msghdr *message) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  struct tpacket_auxdata aux = { 0 };
  if (control && control->cmsg_type == PACKET_AUXDATA) memcpy(&aux, CMSG_DATA(control), sizeof aux);
  for (ssize_t i = 0; i < length; i++) {
    if (i == 12 && (aux.tp_status & TP_STATUS_VLAN_VALID)) printf("8100%04x", aux.tp_vlan_tci);
    printf("%02x", frame[i]);
  }
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  unsigned char frame[2000];
  char control[256];
  int fd = argc == 2 ? listen_on(argv[1]) : -1;
  if (fd < 0) return perror("listen"), 1;
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct iovec part = { frame, sizeof frame };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    ssize_t length = recvmsg(fd, &message, 0);
    if (length < 0) return 1;
    print(frame, length, &message);
  }
}
